"""The contracts as documents for any language: JSON Schemas, AsyncAPI, OpenAPI, the collection, golden examples."""
