package store

import (
	"strings"
	"testing"

	"omnihub/internal/hub"
)

func TestKeysOfTagsAreDistinctAndScoped(t *testing.T) {
	const team = hub.TeamID("t1")
	if pk := sweepPK(team, "x"); !strings.HasPrefix(pk, "T#t1#") || pk == tagPK(team, "x", 0) {
		t.Errorf("got the sweep's partition %s, want one of its own under the team", pk)
	}
	sorts := map[string]bool{}
	for _, sk := range []string{
		sweepSK, tagDefSK("x"), attributeSK("x"), tagStateSK("x"), factSK(taggedFact, taggingID("x", 1, "y")), factSK(untaggedFact, taggingID("x", 1, "y")),
		teamSK, homeSK, cursorSK, edgeSK("x"), neverSK("x"), registerSK("x"),
	} {
		if sorts[sk] {
			t.Errorf("two items share the sort key %s", sk)
		}
		sorts[sk] = true
	}
	buckets := map[string]bool{}
	for _, b := range []string{recordBucket(team, "x", 1), workBucket(1, "x"), listBucket(team, 1, "x"), openBucket(team, "x"), careBucket(team, "x")} {
		if buckets[b] {
			t.Errorf("two lists share the bucket %s", b)
		}
		buckets[b] = true
	}
}

func TestSortsOfTagsFollowTime(t *testing.T) {
	if a, b := tagDueSort(999, "z"), tagDueSort(1000, "a"); a >= b {
		t.Errorf("tag due at 999 sorts behind one due at 1000: %s, %s", a, b)
	}
	if a, b := recordSort(999, "z", "z"), recordSort(1000, "a", "a"); a >= b {
		t.Errorf("record of 999 sorts behind one of 1000: %s, %s", a, b)
	}
	if a, b := taggingID("x", 999, "z"), taggingID("x", 1000, "a"); a >= b {
		t.Errorf("tagging of 999 sorts behind one of 1000: %s, %s", a, b)
	}
}

func TestPartitionReadsBack(t *testing.T) {
	if team, home, ok := splitPK(homePK("t1", "abc"), "H"); !ok || team != "t1" || home != "abc" {
		t.Errorf("got %s, %s, %v", team, home, ok)
	}
	if _, ok := readSweep(sweepItem(TagSweep{Team: "t1", Tag: "x", Since: 5, Due: 7, Position: "3.y"})); !ok {
		t.Error("a sweep does not read back")
	}
	for _, pk := range []string{"", "T#t1", "T#t1#U#x", "T#t1#H#x#y", "X#t1#H#x"} {
		if _, _, ok := splitPK(pk, "H"); ok {
			t.Errorf("%q was read as a home's partition", pk)
		}
	}
}
