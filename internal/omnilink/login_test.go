package omnilink_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
)

// bearer is what a tap of a card of somebody of WhatsApp brings to the sign-in.
func (s *scene) bearer(h hub.Home) string {
	s.t.Helper()
	_, bearer, ok := strings.Cut(s.tap(s.link(back, h)), "?c=")
	if !ok {
		s.t.Fatal("the link bears nothing")
	}
	return bearer
}

func (s *scene) signIn(bearer, token, browser string) omnilink.Outcome {
	s.t.Helper()
	out, err := s.links.CompleteLogin(ctx, omnilink.Arrival{Bearer: bearer, Token: hub.Secret(token), Browser: browser})
	s.must(err)
	return out
}

func TestASignInLinksWithWhomTheHubDoesNotKnow(t *testing.T) {
	s := newScene(t)
	wang := s.home(hubtest.WhatsAppAccount, "886900")
	bearer := s.bearer(wang)
	s.Clock.Advance(time.Minute)
	for range 2 {
		if got, want := s.signIn(bearer, "U_wang", cookie), (omnilink.Outcome{State: omnilink.Linked, Activity: back, New: true}); got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		s.Clock.Advance(time.Second)
	}
	there := s.Team.Pepper.Home(hubtest.LineAccount, "U_wang", 0)
	if !s.one(wang.ID, there) {
		t.Error("they are not one contact")
	}
	th, err := s.Store.Thread(ctx, store.Ref{Team: team, User: s.Team.Pepper.User(hubtest.LineAccount, "U_wang")})
	if err != nil || th.External != "U_wang" || th.Account != hubtest.LineAccount {
		t.Errorf("got %+v, %v, want a thread by which he can be written to", th, err)
	}
	if got, want := s.told(), "line1 U_wang: welcome; whatsapp1 886900: linked here"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	if got := s.stats(back); got.New != 1 {
		t.Errorf("got %+v, want him new", got)
	}
}

func TestASignInInTheBrowserOfTheTapIsNotAskedAbout(t *testing.T) {
	for name, browser := range map[string]string{"the same": cookie, "another": "browser-of-somebody-else", "none": ""} {
		s := newScene(t)
		wang := s.home(hubtest.WhatsAppAccount, "886900")
		s.member(wang.ID, "M1")
		want := omnilink.Pending
		if browser == cookie {
			want = omnilink.Linked
		}
		if got := s.signIn(s.bearer(wang), "U_mallory", browser); got.State != want {
			t.Errorf("%s: got %+v, want %v", name, got, want)
		}
	}
}

func TestOneCannotTieACodeToAnotherBrowserByTappingAgain(t *testing.T) {
	s := newScene(t)
	wang := s.home(hubtest.WhatsAppAccount, "886900")
	s.member(wang.ID, "M1")
	link := s.link(back, wang)
	urls := map[string]bool{}
	for _, browser := range []string{cookie, "browser-of-somebody-else"} {
		url, err := s.links.Tap(ctx, omnilink.Tapped{Link: link, ID: "tap-of-one-page-0001", Browser: browser})
		if err != nil {
			t.Fatal(err)
		}
		urls[url] = true
	}
	if len(urls) != 2 {
		t.Error("two browsers got one code")
	}
}

func TestWhoIsNoFriendMakesNoLink(t *testing.T) {
	s := newScene(t)
	wang := s.home(hubtest.WhatsAppAccount, "886900")
	s.line.strangers["U_wang"] = true
	bearer := s.bearer(wang)
	for range 2 {
		if got, want := s.signIn(bearer, "U_wang", cookie), (omnilink.Outcome{State: omnilink.Stranger, Activity: back}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	// After he has added the account, the spent code still makes none, and a new tap does,
	// minutes later: he is new, since the first tap brought him.
	s.Clock.Advance(5 * time.Minute)
	s.line.strangers["U_wang"] = false
	there := s.home(hubtest.LineAccount, "U_wang")
	if got := s.signIn(bearer, "U_wang", cookie); got.State != omnilink.Stranger || s.one(wang.ID, there.ID) || s.told() != "" {
		t.Errorf("got %+v, said %q", got, s.told())
	}
	s.Clock.Advance(5 * time.Minute)
	if got, want := s.signIn(s.bearer(wang), "U_wang", cookie), (omnilink.Outcome{State: omnilink.Linked, Activity: back, New: true}); got != want {
		t.Errorf("got %+v for another tap, want %+v", got, want)
	}
	if got, want := s.stats(back), (omnilink.Statistics{Participants: 1, Success: 1, New: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestASignInThatIsNotAcceptedSpendsNothing(t *testing.T) {
	s := newScene(t)
	wang := s.home(hubtest.WhatsAppAccount, "886900")
	bearer := s.bearer(wang)
	in, err := s.links.SignIn(ctx, bearer)
	if err != nil || in.Page.App != s.line.app || in.Account.Platform.ID != hubtest.LineAccount || in.Nonce == "" {
		t.Fatalf("got %+v, %v", in, err)
	}
	for _, token := range []string{"", "U_wang wrong-nonce"} {
		_, err := s.links.CompleteLogin(ctx, omnilink.Arrival{Bearer: bearer, Token: hub.Secret(token), Browser: cookie})
		if hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("got %v for the token %q, want it refused", err, token)
		}
	}
	for says, want := range map[hub.Code]hub.Code{
		hub.Transient: hub.Transient, hub.RateLimited: hub.RateLimited,
		hub.TokenExpired: hub.AccountBroken, // the account's, which no sign-in mends
	} {
		s.line.down = hub.E(says, "line: profile", nil)
		if _, err := s.links.CompleteLogin(ctx, omnilink.Arrival{Bearer: bearer, Token: "U_wang"}); hub.CodeOf(err) != want {
			t.Errorf("got %v while the platform says %s, want %s", err, says, want)
		}
	}
	s.line.down = nil
	if got := s.signIn(bearer, "U_wang "+in.Nonce, cookie); got.State != omnilink.Linked {
		t.Errorf("got %+v with the nonce", got)
	}
}

func TestASignInCodeLivesTenMinutes(t *testing.T) {
	for late, want := range map[time.Duration]omnilink.State{-time.Second: omnilink.Linked, 0: omnilink.Refused, time.Second: omnilink.Refused} {
		s := newScene(t)
		bearer := s.bearer(s.home(hubtest.WhatsAppAccount, "886900"))
		s.Clock.Advance(omnilink.LoginLife + late)
		if got := s.signIn(bearer, "U_wang", cookie); got.State != want {
			t.Errorf("%v after its end: got %+v, want %v", late, got, want)
		}
		if _, err := s.Store.Home(ctx, team, s.Team.Pepper.Home(hubtest.LineAccount, "U_wang", 0)); (err == nil) != (want == omnilink.Linked) {
			t.Errorf("%v after its end: a home was made: %v", late, err == nil)
		}
	}
}

func TestAHundredSignInsOfOneCodeMakeOneLink(t *testing.T) {
	s := newScene(t)
	wang := s.home(hubtest.WhatsAppAccount, "886900")
	bearer := s.bearer(wang)
	var mu sync.Mutex
	linked, refused := 0, 0
	var wait sync.WaitGroup
	const people = 100
	for i := range people {
		wait.Go(func() {
			out, err := s.links.CompleteLogin(ctx, omnilink.Arrival{Bearer: bearer, Token: hub.Secret(fmt.Sprint("U_", i))})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil && hub.CodeOf(err) != hub.Conflict:
				t.Error(err)
			case out.State == omnilink.Linked:
				linked++
			default:
				refused++
			}
		})
	}
	wait.Wait()
	c, err := s.book.Contact(ctx, team, wang.ID)
	if err != nil || linked != 1 || refused != people-1 || len(c.Homes) != 2 {
		t.Errorf("got %d linked, %d refused, %d homes, %v; want one of %d", linked, refused, len(c.Homes), err, people)
	}
}

func TestASignInIsCutAtEachCallAndHeals(t *testing.T) {
	world := func() (*scene, string) {
		s := newScene(t)
		wang := s.home(hubtest.WhatsAppAccount, "886900")
		bearer := s.bearer(wang)
		_, err := s.Settings.Activity(ctx, team, back)
		s.must(err)
		s.Clock.Advance(time.Minute)
		return s, bearer
	}
	s, bearer := world()
	s.signIn(bearer, "U_wang", cookie)
	want := s.shape()
	for calls, ended := 0, false; !ended; calls++ {
		ended = true
		for _, after := range []bool{false, true} {
			s, bearer := world()
			broken := s.linker(s.As("broken", hubtest.Cut(calls, after)))
			broken.Store.Marks = nil
			if _, err := broken.CompleteLogin(ctx, omnilink.Arrival{Bearer: bearer, Token: "U_wang", Browser: cookie}); err != nil {
				ended = false
			}
			if got := s.signIn(bearer, "U_wang", cookie); got.State != omnilink.Linked || !got.New {
				t.Errorf("cut after %d calls (answer lost: %v): got %+v", calls, after, got)
			}
			if got := s.shape(); got != want {
				t.Errorf("cut after %d calls (answer lost: %v): got\n%s\nwant\n%s", calls, after, got, want)
			}
		}
		if calls > 40 {
			t.Fatal("it is cut at every call: the test does not end")
		}
	}
}

func TestABearerThatWasNeverMadeIsNotFound(t *testing.T) {
	s := newScene(t)
	bearer := s.bearer(s.home(hubtest.WhatsAppAccount, "886900"))
	_, code, _ := strings.Cut(bearer, ".")
	s.Cloud.Meter().Reset()
	for _, text := range []string{"", "test", "test.", "test." + strings.ToLower(code), "test.x" + code, bearer + "x", "other." + code[:29], "Test." + code} {
		if _, err := s.links.CompleteLogin(ctx, omnilink.Arrival{Bearer: text, Token: "U_wang"}); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%q: got %v, want it not found", text, err)
		}
	}
	if calls, _, _ := s.Calls("test"); calls != 0 {
		t.Errorf("got %d calls for what has not the form", calls)
	}
	if _, err := s.links.CompleteLogin(ctx, omnilink.Arrival{Bearer: "other." + code, Token: "U_wang"}); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v for another team's", err)
	}
	s.line.app = ""
	if _, err := s.links.SignIn(ctx, bearer); !errors.Is(err, omnilink.ErrGone) {
		t.Errorf("got %v without a LIFF app, want it gone", err)
	}
}
