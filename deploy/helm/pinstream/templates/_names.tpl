{{- define "pinstream.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "pinstream.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Call with (dict "root" $ "component" "worker"). */}}
{{- define "pinstream.selector" -}}
app.kubernetes.io/name: pinstream
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "pinstream.labels" -}}
{{ include "pinstream.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "pinstream.triton" -}}
{{- if .Values.triton.enabled }}{{ include "pinstream.name" . }}-triton:8001{{ else }}{{ required "triton.address: with triton.enabled=false say where it runs, host:port" .Values.triton.address }}{{ end }}
{{- end }}

{{/* The environment of every program. */}}
{{- define "pinstream.env" -}}
- {name: PINSTREAM_KAFKA__SERVERS, value: {{ .Values.kafka.servers | quote }}}
- {name: PINSTREAM_KAFKA__GROUP, value: {{ .Values.kafka.group | quote }}}
- {name: PINSTREAM_KAFKA__TOPIC_PREFIX, value: {{ .Values.kafka.topicPrefix | quote }}}
{{- if .Values.kafka.clientSecret }}
- name: PINSTREAM_KAFKA__CLIENT
  valueFrom: {secretKeyRef: {name: {{ .Values.kafka.clientSecret }}, key: client}}
{{- else if .Values.kafka.client }}
- {name: PINSTREAM_KAFKA__CLIENT, value: {{ .Values.kafka.client | toJson | quote }}}
{{- end }}
- {name: PINSTREAM_TRITON__ADDRESS, value: {{ include "pinstream.triton" . | quote }}}
- {name: PINSTREAM_MILVUS__URI, value: {{ .Values.milvus.uri | quote }}}
{{- if .Values.milvus.tokenSecret }}
- name: PINSTREAM_MILVUS__TOKEN
  valueFrom: {secretKeyRef: {name: {{ .Values.milvus.tokenSecret }}, key: token}}
{{- end }}
- {name: PINSTREAM_LOG_FORMAT, value: json}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "pinstream.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "pinstream.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "pinstream.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .Values.kafka.certificates }}
- {name: kafka-certificates, mountPath: /etc/pinstream/kafka, readOnly: true}
{{- end }}
{{- if .Values.triton.certificates }}
- {name: triton-certificates, mountPath: /etc/pinstream/triton, readOnly: true}
{{- end }}
{{- if .Values.milvus.certificates }}
- {name: milvus-certificates, mountPath: /etc/pinstream/milvus, readOnly: true}
{{- end }}
{{- end }}

{{- define "pinstream.volumes" -}}
- {name: tmp, emptyDir: {}}
{{- if .Values.kafka.certificates }}
- {name: kafka-certificates, secret: {secretName: {{ .Values.kafka.certificates }}}}
{{- end }}
{{- if .Values.triton.certificates }}
- {name: triton-certificates, secret: {secretName: {{ .Values.triton.certificates }}}}
{{- end }}
{{- if .Values.milvus.certificates }}
- {name: milvus-certificates, secret: {secretName: {{ .Values.milvus.certificates }}}}
{{- end }}
{{- end }}

{{/* What every pod of ours begins with; call with the root. */}}
{{- define "pinstream.pod" -}}
serviceAccountName: {{ include "pinstream.name" . }}
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "pinstream.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
