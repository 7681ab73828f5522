package erasure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/blob"
	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/erasure"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

var ctx = context.Background()

const team = hubtest.Team

// What names Anna, or is her own.
const (
	lineID   = "U0000000000000000000000000000anna"
	digits   = "886955123456"
	userID   = "TW.55512345678901234"
	annaName = "Anna Annasson"
	annaMail = "anna@annasson.example"
	annaID   = "MEMBER-4711"
	annaNote = "allergic to annanas"
)

// texts are what she wrote, and what was written to her.
var texts = []string{"first annawords", "second annawords", "third annawords", "fourth annawords", "edited annawords", "answer to annawords", "unreadable annawords"}

// marks are all that must not be found of her after her erasure.
var marks = append([]string{lineID, digits, userID, annaName, annaMail, annaID, annaNote}, texts...)

// scene is a hub that knows Anna, and Bert beside her.
type scene struct {
	*hubtest.Hub
	t        testing.TB
	rc       *chat.Receiver
	book     *contact.Book
	tags     *tag.Book
	office   *erasure.Office
	worker   *erasure.Worker
	recorded []hub.Envelope // all webhooks that came
	n        int
	home     hub.HomeID // one of Anna's
}

func newScene(t testing.TB) *scene { return sceneIn(t, hubtest.New(t)) }

// acquainted is the first scene that got to know Anna, of which all others are copies.
var acquainted struct {
	sync.Once
	*scene
}

// annaScene is a scene of its own, after anna.
func annaScene(t testing.TB) *scene {
	t.Helper()
	acquainted.Do(func() {
		s := sceneIn(t, hubtest.NewOriginal(t))
		s.anna()
		acquainted.scene = s
	})
	if acquainted.scene == nil {
		t.Fatal("an earlier test could not make the hub know Anna")
	}
	s := sceneIn(t, acquainted.Copy(t))
	s.recorded, s.n, s.home = slices.Clone(acquainted.recorded), acquainted.n, acquainted.home
	return s
}

func sceneIn(t testing.TB, h *hubtest.Hub) *scene {
	s := &scene{Hub: h, t: t}
	s.book = &contact.Book{Store: h.Store, Now: h.Clock.Now, Settings: h.Settings}
	s.tags = &tag.Book{Store: h.Store, Now: h.Clock.Now}
	s.rc = s.receiver(h.Store)
	s.office = &erasure.Office{Store: h.Store, Settings: h.Settings, Contacts: s.book, Now: h.Clock.Now}
	files := s3.NewFromConfig(h.AWS("test"), func(o *s3.Options) { o.UsePathStyle = true })
	buckets, err := files.ListBuckets(ctx, &s3.ListBucketsInput{})
	s.must(err)
	records := &erasure.Records{}
	for _, b := range buckets.Buckets {
		if strings.Contains(aws.ToString(b.Name), "failedrecords") {
			records.Files = blob.New(h.AWS("test"), aws.ToString(b.Name), true, h.Clock.Now)
		}
	}
	s.worker = &erasure.Worker{Store: h.Store, Settings: h.Settings, Records: records, Now: h.Clock.Now, Log: h.Log}
	return s
}

func (s *scene) receiver(st *store.Store) *chat.Receiver {
	return &chat.Receiver{
		Store: st, Settings: s.Settings, Contacts: &contact.Book{Store: st, Now: s.Clock.Now},
		Adapters: all.Adapters(channel.Platform{}), Bot: &bot.Bot{Settings: s.Settings, Store: s.Store}, Consent: bot.Consent,
		Quarantine: chat.Quarantine{Store: st, Now: s.Clock.Now, Log: s.Log}, Now: s.Clock.Now, Log: s.Log,
	}
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) now() hub.Millis { return hub.MillisOf(s.Clock.Now()) }

// audit is that of a new call, now.
func (s *scene) audit(action string) hub.Audit {
	s.n++
	return hub.Audit{
		ID: hub.Digest("call", fmt.Sprint(s.n))[:26], Actor: hub.Actor{Kind: hub.ActorMember, ID: "boss"}, Action: action, Target: "home/x", At: s.now(),
	}
}

// come has a webhook's event come in, and keeps it for a replay.
func (s *scene) come(e hub.Envelope) {
	s.t.Helper()
	s.recorded = append(s.recorded, e)
	s.must(s.rc.Receive(ctx, e))
	s.Clock.Advance(time.Second)
}

// line is an event of LINE's; body is what it says beside what all say.
func (s *scene) line(user, kind, body string) hub.Envelope {
	s.n++
	raw := fmt.Sprintf(`{"type":%q,"mode":"active","timestamp":%d,"source":{"type":"user","userId":%q},"webhookEventId":"E%d",`+
		`"deliveryContext":{"isRedelivery":false}%s}`, kind, s.now(), user, s.n, body)
	return s.envelope(hubtest.LineConn, hubtest.LineAccount, "line", user, raw, `{"destination":"`+hubtest.LineBot+`"}`)
}

func (s *scene) said(user, id, text string) hub.Envelope {
	return s.line(user, "message", fmt.Sprintf(`,"replyToken":"R%s","message":{"type":"text","id":%q,"text":%q}`, id, id, text))
}

// whatsapp is an event of a person of WhatsApp's who comes with a number, an id or both.
func (s *scene) whatsapp(phone, user, body string) hub.Envelope {
	s.n++
	external := user
	if user == "" {
		external = "wa:" + phone
	}
	raw := fmt.Sprintf(`{"from":%q,"from_user_id":%q,"id":"wamid.HBgMexample%d","timestamp":"%d",%s}`, phone, user, s.n, s.now()/1000, body)
	head := fmt.Sprintf(`{"list":"messages","entry":"1","number":%q,"contact":{"profile":{"name":%q},"wa_id":%q,"user_id":%q}}`,
		hubtest.WhatsAppNumber, annaName, phone, user)
	return s.envelope(hubtest.WhatsAppConn, hubtest.WhatsAppAccount, "whatsapp", external, raw, head)
}

func (s *scene) envelope(conn hub.ConnectionID, account hub.AccountID, ch hub.Channel, user, raw, head string) hub.Envelope {
	return hub.Envelope{
		Version: hub.EnvelopeVersion, Team: team, Connection: conn, Account: account, Channel: ch, User: s.Team.Pepper.User(account, user),
		Event: fmt.Sprintf("E%d", s.n), Hash: hub.Digest(raw), Head: []byte(head), Raw: []byte(raw), Received: s.now(), Trace: fmt.Sprintf("t-%d", s.n),
	}
}

func wrote(text string) string { return fmt.Sprintf(`"type":"text","text":{"body":%q}`, text) }

func (s *scene) ref(account hub.AccountID, user string) store.Ref {
	return store.Ref{Team: team, User: s.Team.Pepper.User(account, user)}
}

// homeOf is the home of whoever goes by an id now.
func (s *scene) homeOf(account hub.AccountID, user string) hub.HomeID {
	s.t.Helper()
	th, err := s.Store.Thread(ctx, s.ref(account, user))
	s.must(err)
	return s.Team.Pepper.Home(th.Account, th.External.Reveal(), th.Epoch)
}

// anna has the hub know Anna: at LINE and at WhatsApp, under a number and an id, with a
// profile, tags, an edit, a large event, one in quarantine, and all of it one contact.
func (s *scene) anna() {
	s.t.Helper()
	s.come(s.line(lineID, "follow", `,"replyToken":"R0","follow":{"isUnblocked":false}`))
	s.come(s.said(lineID, "101", texts[0]))
	big := make([]byte, 450<<10)
	random := rand.New(rand.NewSource(1))
	for i := range big {
		big[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"[random.Intn(64)]
	}
	s.come(s.said(lineID, "102", texts[1]+" "+string(big)))
	s.come(s.whatsapp(digits, "", wrote(texts[2])))
	s.come(s.whatsapp(digits, userID, wrote(texts[3])))
	s.come(s.whatsapp("", userID, `"type":"reaction","reaction":{"message_id":"wamid.ofours","emoji":"👍"}`))
	s.come(s.line(lineID, "unsend", `,"unsend":{"messageId":"103"}`))
	broken := s.line(lineID, "message", "")
	broken.Raw = []byte(`{"type":"message","text":"` + texts[6] + `"`)
	s.come(broken)
	at, wa := s.homeOf(hubtest.LineAccount, lineID), s.homeOf(hubtest.WhatsAppAccount, userID)
	s.home = at
	_, err := s.book.JoinBy(ctx, team, at, wa, hub.EvidencePerson, "", s.audit("join"))
	s.must(err)
	s.must(s.book.Patch(ctx, team, at, []contact.Change{
		{Field: "name", Value: annaName}, {Field: "email", Value: annaMail}, {Field: "member_id", Value: annaID}, {Field: "note", Value: annaNote},
	}, s.audit("patch")))
	_, err = s.tags.Define(ctx, team, hub.Tag{Name: "vip"}, s.audit("define"))
	s.must(err)
	s.must(s.tags.Change(ctx, team, wa, []string{"vip"}, nil, tag.Call{ID: "tag1", At: s.now(), Source: "api", By: "member:boss"}))
	c := &chat.Composer{Store: s.Store, Settings: s.Settings, Adapters: all.Adapters(channel.Platform{}), Now: s.Clock.Now}
	_, _, err = c.Send(ctx, chat.Draft{Team: team, Account: hubtest.LineAccount, To: lineID, Class: hub.ClassPerson, Content: hub.TextContent(texts[5]), By: "boss"})
	s.must(err)
	s.Clock.Advance(time.Minute)
}

// bert has the hub know somebody else, whose contact was once joined with Anna's.
func (s *scene) bert() hub.HomeID {
	s.t.Helper()
	s.come(s.said("U_bert", "201", "bert's words"))
	bert := s.homeOf(hubtest.LineAccount, "U_bert")
	s.must(s.book.Patch(ctx, team, bert, []contact.Change{{Field: "email", Value: "bert@example.com"}}, s.audit("patch")))
	return bert
}

// erase begins Anna's erasure.
func (s *scene) erase() hub.Erasure {
	s.t.Helper()
	p, err := s.office.Preview(ctx, team, s.home)
	s.must(err)
	e, err := s.office.Begin(ctx, team, s.home, p.Token, s.audit("contact.erase"))
	s.must(err)
	return e
}

// work lets the worker run until nothing is due, over the waits between.
func (s *scene) work() {
	s.t.Helper()
	for _, wait := range []time.Duration{time.Second, hub.ErasureSettle, hub.ErasureLast} {
		s.Clock.Advance(wait)
		n, err := s.worker.Due(ctx)
		s.must(err)
		if n == 0 {
			s.t.Fatal("nothing was due")
		}
	}
}

// dump is all that the tables, the log and the bucket hold.
func (s *scene) dump() map[string]string {
	s.t.Helper()
	out := map[string]string{"log": s.Logged.String()}
	for name, table := range map[string]string{
		"contacts": s.Store.Tables.Contacts, "messages": s.Store.Tables.Messages, "ledger": s.Store.Tables.Ledger, "config": s.Store.Tables.Config,
	} {
		out[name] = s.Dump(table)
	}
	out["bucket"] = s.objects()
	return out
}

// clean checks that nothing is found of Anna, nor any item under her keys but what has to
// stay.
func (s *scene) clean(e hub.Erasure) {
	s.t.Helper()
	for where, text := range s.dump() {
		for _, mark := range marks {
			if strings.Contains(text, mark) {
				s.t.Errorf("%s: found %q", where, mark)
			}
		}
	}
	contacts := s.Dump(s.Store.Tables.Contacts)
	for _, h := range e.Homes {
		for _, key := range []string{"", "E#", "N#", "K#"} {
			if strings.Contains(contacts, "SK "+key+string(h)) {
				s.t.Errorf("found an item whose key is %s and an erased home", key)
			}
		}
		if items := s.Items(s.Store.Tables.Contacts, "T#test#H#"+string(h)); len(items) > 0 {
			s.t.Errorf("home: got %v, want nothing", items)
		}
	}
	for _, u := range e.Users {
		for sk := range s.Items(s.Store.Tables.Messages, "T#test#U#"+string(u)) {
			if sk != "THREAD" && !strings.HasPrefix(sk, "I#") {
				s.t.Errorf("partition: found %s", sk)
			}
		}
		if items := s.Items(s.Store.Tables.Ledger, "T#test#RAW#"+string(u)); len(items) > 0 {
			s.t.Errorf("large events: got %v", items)
		}
	}
	for _, a := range e.Aliases {
		if items := s.Items(s.Store.Tables.Contacts, "T#test#A#"+a); len(items) != 1 || len(items["ALIAS"]) > 3 {
			s.t.Errorf("alias: got %v, want the time of the erasure alone", items)
		}
	}
}

// putRecords puts an object with stream records of partitions into the bucket.
func (s *scene) putRecords(key string, partitions ...string) {
	s.t.Helper()
	var records []map[string]any
	for _, pk := range partitions {
		records = append(records, map[string]any{"eventName": "INSERT", "dynamodb": map[string]any{
			"Keys": map[string]any{"PK": map[string]string{"S": pk}, "SK": map[string]string{"S": "M#1"}}, "NewImage": map[string]any{"tx": map[string]string{"S": texts[0]}},
		}})
	}
	payload, err := json.Marshal(map[string]any{"Records": records})
	s.must(err)
	body, err := json.Marshal(map[string]any{"version": "1.0", "payload": string(payload)})
	s.must(err)
	s.must(s.worker.Records.Files.Put(ctx, key, body, "application/json"))
}

// objects are the bodies of all objects of the bucket.
func (s *scene) objects() string {
	s.t.Helper()
	files := s.worker.Records.Files
	keys, err := files.Keys(ctx, "", 1000)
	s.must(err)
	var out strings.Builder
	for _, key := range keys {
		body, _, err := files.Get(ctx, key, 1<<20)
		s.must(err)
		out.WriteString(key + " " + string(body) + "\n")
	}
	return out.String()
}

// cut is a worker whose calls break after a number of them.
func (s *scene) cut(calls int, after bool) *erasure.Worker {
	w := *s.worker
	w.Store = s.As("Erase", func(next http.RoundTripper) http.RoundTripper { return hubtest.Cut(calls, after)(next) })
	return &w
}

func (s *scene) dropRecords(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		s.must(s.worker.Records.Files.Delete(ctx, key))
	}
}

// obstacle is what an error says stands in the way.
func obstacle(err error) hub.ObstacleCode {
	var o *hub.Obstacle
	if errors.As(err, &o) {
		return o.Code
	}
	return ""
}
