"""Tables of Bigtable: families and what may be collected, by layout."""

import pytest

from karst.derived.bigtable import Family, Table, bigtable_tables

KEPT_FOR_EVER = Family(max_versions=None, max_age_hours=None)
LATEST_ONLY = Family(max_versions=1)


def tables_of(dataset) -> dict[str, Table]:
    return {table.name: table for table in bigtable_tables(dataset)}


def test_layout_2_keeps_all_but_old_counters(make_dataset):
    found = tables_of(make_dataset("a", graphs={"a_v1": {"layout": 2}}))
    assert found["a_v1"].families == {"0": KEPT_FOR_EVER, "1": LATEST_ONLY, "2": KEPT_FOR_EVER, "3": KEPT_FOR_EVER}


def test_layout_3_lets_ingest_edges_age_and_adds_a_family(make_dataset):
    families = tables_of(make_dataset("a", graphs={"a_v1": {}}))["a_v1"].families
    assert set(families) == {"0", "1", "2", "3", "4"}
    assert families["1"] == LATEST_ONLY
    assert families["3"].max_versions is None
    assert families["3"].max_age_hours is not None
    assert {families[name] for name in ("0", "2", "4")} == {KEPT_FOR_EVER}


@pytest.mark.parametrize("layout", [2, 3])
def test_history_and_operations_are_never_collected(make_dataset, layout):
    families = tables_of(make_dataset("a", graphs={"a_v1": {"layout": layout}}))["a_v1"].families
    assert families["0"] == families["2"] == KEPT_FOR_EVER


def test_level_2_statistics_have_one_family(make_dataset):
    found = tables_of(make_dataset("a", graphs={"a_v1": {}}))
    assert set(found["l2cache_a_v1"].families) == {"0"}


def test_level_2_table_takes_the_name_that_is_written(make_dataset):
    assert set(tables_of(make_dataset("a", graphs={"a_v1": {"l2cache_table": "old_l2"}}))) == {"a_v1", "old_l2"}


def test_no_level_2_table_where_none_is_wanted(make_dataset):
    assert set(tables_of(make_dataset("a", graphs={"a_v1": {"l2cache": False}}))) == {"a_v1"}


def test_existing_graphs_are_left_alone(make_dataset):
    assert bigtable_tables(make_dataset("a", graphs={"old": {"manage": "existing"}})) == ()


def test_tables_come_by_name_whatever_the_order_of_the_file(make_dataset):
    one = bigtable_tables(make_dataset("a", graphs={"b_v1": {}, "a_v1": {}}))
    other = bigtable_tables(make_dataset("a", graphs={"a_v1": {}, "b_v1": {}}))
    assert one == other
    assert [table.name for table in one] == ["a_v1", "b_v1", "l2cache_a_v1", "l2cache_b_v1"]
