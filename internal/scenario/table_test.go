package scenario

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/hub"
)

// played tells which tests play what may happen to who taps a card.
var played = []struct {
	what  string
	why   *reason // of a failure
	tests []string
}{
	{what: "each pair of source and target, with a picture and with a module", tests: []string{"TestOmniLinkPairs"}},

	{what: "failure: disabled before the tap, after it, before the sign-in", why: &disabled,
		tests: []string{"TestOmniLinkIsDisabledBeforeTheTap", "TestOmniLinkIsDisabledAfterTheTap", "TestOmniLinkIsDisabledBeforeTheSignIn"}},
	{what: "failure: no link can be made", why: &notMade, tests: []string{"TestOmniLinkCannotBeMade"}},
	{what: "failure: the source is gone", why: &noSource, tests: []string{"TestOmniLinkSourceIsErased"}},
	{what: "failure: the target is gone", why: &noTarget, tests: []string{"TestOmniLinkTargetIsErased"}},
	{what: "failure: two member ids", why: &conflict, tests: []string{"TestOmniLinkMemberIDConflict"}},
	{what: "failure: refused for good for another reason", why: &ourFault, tests: []string{"TestOmniLinkOfTwoWhoAreNeverOne"}},
	{what: "failure: nothing came, or too late", why: &noneCame,
		tests: []string{"TestOmniLinkNothingCame", "TestOmniLinkHasExpired", "TestOmniLinkHasExpiredBeforeTheSignIn"}},

	{what: "no such link: unknown, of another account, to LINE without LIFF",
		tests: []string{"TestOmniLinkThatThereIsNot", "TestOmniLinkToLINEWithoutLIFFLeadsNowhere"}},
	{what: "LINE: the account is blocked, or not a friend yet, or LINE refuses it",
		tests: []string{"TestOmniLinkBlockedLINEAccount", "TestOmniLinkBringsANewFriend", "TestOmniLinkWhileLINERefusesTheAccount"}},
	{what: "Messenger: its browser on iOS and on Android, and the end of its window",
		tests: []string{"TestOmniLinkInMessengerOnIOS", "TestOmniLinkInMessengerOnAndroidIsClosed", "TestOmniLinkAfterMessengersWindow"}},
	{what: "a desktop", tests: []string{"TestOmniLinkOnADesktop"}},
	{what: "a robot looks first", tests: []string{"TestOmniLinkPreviewByARobotSpendsNothing"}},
	{what: "each tap counts", tests: []string{"TestOmniLinkEachTapCountsAndEachPersonOnce"}},
	{what: "the source is asked: yes, no, in each channel; or not",
		tests: []string{"TestOmniLinkForwardedIsConfirmed", "TestOmniLinkForwardedIsDenied", "TestOmniLinkAsksInEachSource", "TestOmniLinkNeverAsks", "TestOmniLinkOfOneBrowserIsNotAsked"}},
	{what: "the join is undone", tests: []string{"TestOmniLinkJoinIsUndone"}},
}

// TestEverythingThatMayHappenIsPlayed: each test above is there, each that is there stands
// above, and each reason of a failure has its tests and its exact texts.
func TestEverythingThatMayHappenIsPlayed(t *testing.T) {
	there := map[string]bool{}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "TestOmniLink") {
				there[f.Name.Name] = true
			}
		}
	}
	reasons := map[reason]bool{}
	for _, p := range played {
		if p.why != nil {
			reasons[*p.why] = true
		}
		for _, name := range p.tests {
			if !there[name] {
				t.Errorf("%s: got no test %s", p.what, name)
			}
			there[name] = false
		}
	}
	maps.DeleteFunc(there, func(_ string, left bool) bool { return !left })
	if len(there) != 0 {
		t.Errorf("got the tests %q, which stand for nothing", slices.Sorted(maps.Keys(there)))
	}
	for _, r := range hub.LinkReasons() {
		found := slices.ContainsFunc(slices.Collect(maps.Keys(reasons)), func(why reason) bool {
			return why.chinese == r.Text("zh-TW") && why.english == r.Text("en") && (why.code == string(r) || r == hub.LinkNothingCame)
		})
		if !found {
			t.Errorf("got no test of the failure %q with its texts", r)
		}
	}
}
