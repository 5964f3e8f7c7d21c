"""Every lane has one topic, under any prefix."""

from pinstream.lanes import LANE_TOPICS, LANES, lane_of


def test_a_topic_leads_back_to_its_lane() -> None:
    assert tuple(LANE_TOPICS) == LANES
    for lane, topic in LANE_TOPICS.items():
        assert [lane_of(prefix + topic) for prefix in ("", "team.", "backfill.")] == [lane] * 3, lane
