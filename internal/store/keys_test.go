package store

import (
	"strings"
	"testing"

	"omnihub/internal/hub"
)

// TestKeysAreDistinctAndScoped holds every key that keys.go names: no two collide,
// all stand under their team, and none is empty.
func TestKeysAreDistinctAndScoped(t *testing.T) {
	const team, other = hub.TeamID("t1"), hub.TeamID("t2")
	partitions := func(t hub.TeamID) map[string]string {
		return map[string]string{
			"user": userPK(t, "x"), "home": homePK(t, "x"), "alias": aliasPK(t, "x"), "finder": finderPK(t, "email", "x"),
			"claim": claimPK(t, "member", "x"), "tombstone": gonePK(t, "email", "x"), "tag": tagPK(t, "x", 3), "team": teamPK(t),
			"token": tokenPK(t, "x"), "call": callPK(t, "x"), "bucket": bucketPK(t, "x"), "cursor": cursorPK(t, "x"),
			"log": logPK(t, "x", "20261122"), "deliveries": deliveryPK(t, "x"), "quarantined": rawPK(t, "x"), "large": largePK(t, "x"),
			"quarantine of a day": quarantineDayPK(t, "20261122"), "quarantine of a user": quarantineUserPK(t, "x"),
			"account": accountPK(t, "x"), "connection": connectionPK(t, "x"), "days": daysPK(t), "audit": auditPK(t, "20261122"),
			"sweep": sweepPK(t, "x"), "rate": ratePK(t), "erasures": erasurePK(t),
			"codes of a home": codesPK(t, "x"), "attempts with codes": triesPK(t, "x"), "totals of an activity": totalsPK(t, "x"),
		}
	}
	seen := map[string]string{}
	for _, tm := range []hub.TeamID{team, other} {
		for name, pk := range partitions(tm) {
			if !strings.HasPrefix(pk, "T#"+string(tm)) {
				t.Errorf("%s: %s does not begin with its team", name, pk)
			}
			if old, ok := seen[pk]; ok {
				t.Errorf("%s and %s share the partition %s", name, old, pk)
			}
			seen[pk] = name
		}
	}
	sorts := map[string]string{
		"thread": threadSK, "message": messageSK("0000000000001#x"), "action": actionSK("x", "reaction", "y"), "early": earlySK("x", "read"),
		"arrival": arrivalSK("x"), "kept event": otherSK(1, "x"), "opened": openedSK("x"), "closed": closedSK("x"),
		"home": homeSK, "ended activity": endedSK("x"), "fact": factSK("tag", "x"), "register": registerSK("name"), "edge": edgeSK("x"), "never": neverSK("x"),
		"alias": aliasSK, "claim": claimSK, "gone": goneSK, "care": careSK, "used": usedSK, "edge keys": edgeKeysSK, "team": teamSK,
		"connection": connectionSK("x"), "account": accountSK("x"), "rules": keywordSK("x"), "module": moduleSK("x"), "version of a module": moduleVersionSK("x", 1), "bots": botsSK,
		"tag": tagDefSK("x"), "sweep": sweepSK, "attribute": attributeSK("x"), "member": memberSK("x"), "admins": adminsSK,
		"API key": apiKeyMark + "x", "state of a tag": tagStateSK("x"), "candidate": candidateSK("x", "y"), "erasure": erasureSK("x"),
		"token": tokenSK, "call": callSK, "cursor": cursorSK, "activity": activitySK("x"), "participation": partSK("x"),
		"mirror of a link": linkedMark + "x", "totals": totalsSK(0), "attempts": triesSK,
	}
	seen = map[string]string{}
	for name, sk := range sorts {
		if old, ok := seen[sk]; ok || sk == "" {
			t.Errorf("%s and %s share the sort key %q", name, old, sk)
		}
		seen[sk] = name
	}
	buckets := []string{sendBucket(1791170415123, "x"), openBucket(team, "x"), listBucket(team, 1791170415123, "x"), workBucket(1791170415123, "x"), careBucket(team, "x"),
		candidateBucket(team, 0), recordBucket(team, "x", 0), erasureBucket(0), partBucket(team, "x", 0)}
	for i, a := range buckets {
		for _, b := range buckets[:i] {
			if a == b {
				t.Errorf("two lists share the bucket %s", a)
			}
		}
	}
}

func TestSortsOfTheIndexFollowTime(t *testing.T) {
	if a, b := sendSort(999, "t", "u", "k"), sendSort(1000, "t", "a", "a"); a >= b {
		t.Errorf("send due at 999 sorts behind one due at 1000: %s, %s", a, b)
	}
	if a, b := openSort(999, "u"), openSort(1000, "a"); a >= b {
		t.Errorf("thread waiting since 999 sorts behind one since 1000: %s, %s", a, b)
	}
	if a, b := listSort(999, "z"), listSort(1000, "a"); a >= b {
		t.Errorf("home of 999 sorts behind one of 1000: %s, %s", a, b)
	}
	if a, b := erasureSort(999, "z", "z"), erasureSort(1000, "a", "a"); a >= b {
		t.Errorf("erasure due at 999 sorts behind one due at 1000: %s, %s", a, b)
	}
	if a, b := careSort(999, "z", "z"), careSort(1000, "a", "a"); a >= b {
		t.Errorf("account due at 999 sorts behind one due at 1000: %s, %s", a, b)
	}
}

func TestPartitionOfAThreadReadsBack(t *testing.T) {
	if team, user, ok := splitUserPK(userPK("t1", "abc")); !ok || team != "t1" || user != "abc" {
		t.Errorf("got %s, %s, %v", team, user, ok)
	}
	for _, pk := range []string{"", "T#t1", "T#t1#H#x", "T##U#x", "T#t1#U#", "T#t1#U#x#y", "X#t1#U#x"} {
		if _, _, ok := splitUserPK(pk); ok {
			t.Errorf("%q was read as a thread's partition", pk)
		}
	}
}

func TestDueDaysCoverTheWeekBeforeAndOnceADayTheMonth(t *testing.T) {
	at := hub.Millis(1791158400000) // 2026-10-05 00:00 UTC
	if got := DueDays(at); len(got) != 36 || got[0] != "20261005" || got[1] != "20261004" || got[35] != "20260831" {
		t.Errorf("got %v at midnight", got)
	}
	if got := DueDays(at + 3_600_000); len(got) != 8 || got[0] != "20261005" || got[7] != "20260928" {
		t.Errorf("got %v at the full hour", got)
	}
	if got := DueDays(at + 60_000); len(got) != 2 || got[1] != "20261004" {
		t.Errorf("got %v a minute later", got)
	}
}

func TestPackKeepsEveryByte(t *testing.T) {
	for _, raw := range []string{"", "x", strings.Repeat("ab", 1000), "\x00\xff\xfe"} {
		packed, deflated := pack([]byte(raw))
		if len(packed) > len(raw) {
			t.Errorf("%d bytes grew to %d", len(raw), len(packed))
		}
		got, err := unpack(packed, deflated)
		if err != nil || string(got) != raw {
			t.Errorf("got %q, %v, want %q", got, err, raw)
		}
	}
}
