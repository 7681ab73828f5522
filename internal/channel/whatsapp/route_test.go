package whatsapp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/hub"
)

func itoa(n int) string { return strconv.Itoa(n) }

func manyMembers(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	return strings.Join(out, ",")
}

func TestOneWebhookOfManyNumbersAndEntries(t *testing.T) {
	message := func(id, from string) string {
		return ` {"from":"` + from + `" , "id":"` + id + `","timestamp":"1791170415","type":"text","text":{"body":"x"}} `
	}
	whole := `{"entry":[
	 {"changes":[
	  {"value":{"messages":[` + message("wamid.1", "886900000001") + `,` + message("wamid.2", "886900000002") + `],
	            "statuses":[{"id":"wamid.3","status":"read","timestamp":"1","recipient_id":"886900000001"}],
	            "errors":[{"code":131031}],
	            "contacts":[{"wa_id":"886900000002","user_id":"TW.2","profile":{"name":"二"}},{"wa_id":"886900000001","profile":{"name":"一"}}],
	            "metadata":{"display_phone_number":"1","phone_number_id":"111"}},"field":"messages"},
	  {"field":"messages","value":{"metadata":{"phone_number_id":222},"messages":[` + message("wamid.4", "886900000001") + `]}}],
	  "id":"A"},
	 {"id":"B","time":1791170415,"changes":[{"field":"account_update","value":{"event":"X"}},{"value":{"metadata":{"phone_number_id":"333"},"statuses":[]},"field":"messages"}]},
	 {"id":"C","changes":[]}],"object":"whatsapp_business_account"}`
	slices, list := events(t, whole)
	var got []string
	for i, e := range list {
		var head struct{ Entry string }
		if err := json.Unmarshal(slices[i].Head, &head); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Join([]string{string(e.Kind), e.Account, e.User, e.Profile.Name.Reveal(), head.Entry}, " "))
		if !bytes.Contains([]byte(whole), slices[i].Raw) || !json.Valid(slices[i].Raw) {
			t.Errorf("event %d: got %s, want it as received", i, slices[i].Raw)
		}
	}
	want := []string{
		"message 111 wa:886900000001 一 A", "message 111 TW.2 二 A", "receipt 111 wa:886900000001 一 A", "notice 111   A",
		"message 222 wa:886900000001  A", "notice    B",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestAThousandUpdatesInOneWebhook(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `{"id":"wamid.%d","status":"delivered","timestamp":"1","recipient_user_id":"TW.%d"},`, i, i)
	}
	_, list := events(t, list("statuses", strings.TrimSuffix(b.String(), ",")))
	if len(list) != 1000 || list[999].User != "TW.999" {
		t.Errorf("got %d events, want 1000", len(list))
	}
}

func TestWhoseAnEventIs(t *testing.T) {
	const phone, other = "886912345678", "886987654321"
	aliases := func(user, phone string) (out []channel.Alias) {
		if user != "" {
			out = append(out, channel.Alias{Kind: channel.AliasUser, Value: hub.Personal(user)})
		}
		if phone != "" {
			out = append(out, channel.Alias{Kind: channel.AliasPhone, Value: hub.Personal(phone)})
		}
		return out
	}
	message := func(contacts, who string) string {
		return `{"contacts":[` + contacts + `],"messages":[{"id":"wamid.1","timestamp":"1791170415","type":"text","text":{"body":"x"}` + who + `}]}`
	}
	status := func(contacts, who string) string {
		return `{"contacts":[` + contacts + `],"statuses":[{"id":"wamid.1","timestamp":"1791170415","status":"read"` + who + `}]}`
	}
	for _, c := range []struct {
		name, value, user string
		aliases           []channel.Alias
		username          string
	}{
		{"phone", message("", `,"from":"`+phone+`"`), "wa:" + phone, aliases("", phone), ""},
		{"phone as a number", message("", `,"from":`+phone), "wa:" + phone, aliases("", phone), ""},
		{"BSUID", message("", `,"from_user_id":"TW.1"`), "TW.1", aliases("TW.1", ""), ""},
		{"both", message("", `,"from_user_id":"TW.1","from":"`+phone+`"`), "TW.1", aliases("TW.1", phone), ""},
		{"BSUID in the phone's place", message("", `,"from":"TW.1"`), "TW.1", aliases("TW.1", ""), ""},
		{"BSUID in wa_id", message(`{"wa_id":"TW.1","profile":{"username":"@a"}}`, `,"from":"TW.1"`), "TW.1", aliases("TW.1", ""), "a"},
		{"BSUID by the contact", message(`{"wa_id":"`+phone+`","user_id":"TW.1","profile":{"username":"a"}}`, `,"from":"`+phone+`"`), "TW.1", aliases("TW.1", phone), "a"},
		{"phone by the contact", message(`{"wa_id":"`+phone+`","user_id":"TW.1"}`, `,"from_user_id":"TW.1"`), "TW.1", aliases("TW.1", phone), ""},
		{"only the contact", message(`{"wa_id":"`+phone+`","user_id":"TW.1"}`, ``), "TW.1", aliases("TW.1", phone), ""},
		{"another's contact", message(`{"wa_id":"`+other+`","user_id":"TW.2","profile":{"username":"b"}}`, `,"from":"`+phone+`"`), "wa:" + phone, aliases("", phone), ""},
		{"a contact of the same phone, another BSUID", message(`{"wa_id":"`+phone+`","user_id":"TW.2","profile":{"username":"b"}}`, `,"from":"`+phone+`","from_user_id":"TW.1"`), "TW.1", aliases("TW.1", phone), ""},
		{"the second contact", message(`{"wa_id":"`+other+`"},{"wa_id":"`+phone+`","user_id":"TW.1"}`, `,"from":"`+phone+`"`), "TW.1", aliases("TW.1", phone), ""},
		{"parents are ignored", message(`{"wa_id":"`+phone+`","parent_user_id":"TW.ENT.9"}`, `,"from":"`+phone+`","from_parent_user_id":"TW.ENT.9"`), "wa:" + phone, aliases("", phone), ""},
		{"a form of BSUID that is none", message("", `,"from":"`+phone+`","from_user_id":"tw.1"`), "wa:" + phone, aliases("", phone), ""},
		{"a BSUID of 128", message("", `,"from_user_id":"TW.`+strings.Repeat("a", 128)+`"`), "TW." + strings.Repeat("a", 128), aliases("TW."+strings.Repeat("a", 128), ""), ""},
		{"a BSUID of 129", message("", `,"from":"`+phone+`","from_user_id":"TW.`+strings.Repeat("a", 129)+`"`), "wa:" + phone, aliases("", phone), ""},
		{"no point in the BSUID", message("", `,"from":"`+phone+`","from_user_id":"TWx1"`), "wa:" + phone, aliases("", phone), ""},
		{"odd types", message(`7,{"wa_id":{}},[]`, `,"from":"`+phone+`","from_user_id":["TW.1"]`), "wa:" + phone, aliases("", phone), ""},
		{"a long contact gives ids only", message(`{"wa_id":"`+phone+`","user_id":"TW.1","profile":{"username":"`+strings.Repeat("a", 2000)+`"}}`, `,"from":"`+phone+`"`), "TW.1", aliases("TW.1", phone), ""},
		{"status by phone", status("", `,"recipient_id":"`+phone+`"`), "wa:" + phone, aliases("", phone), ""},
		{"status by both", status(`{"user_id":"TW.1","profile":{"username":"@a"}}`, `,"recipient_id":"`+phone+`","recipient_user_id":"TW.1"`), "TW.1", aliases("TW.1", phone), "a"},
		{"status by the contact", status(`{"wa_id":"`+phone+`","user_id":"TW.1"}`, `,"recipient_id":"`+phone+`"`), "TW.1", aliases("TW.1", phone), ""},
		{"status by a parent", status("", `,"parent_user_id":"TW.9"`), "TW.9", nil, ""},
		{"status by another parent", status("", `,"parent_recipient_user_id":"TW.ENT.9","recipient_parent_user_id":"TW.8"`), "TW.ENT.9", nil, ""},
		{"status by a third", status("", `,"recipient_parent_user_id":"TW.8"`), "TW.8", nil, ""},
		{"status with a parent besides", status("", `,"recipient_user_id":"TW.1","parent_user_id":"TW.9"`), "TW.1", aliases("TW.1", ""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			value := `{"metadata":{"phone_number_id":"` + number + `"},` + c.value[1:]
			got := one(t, body(`{"field":"messages","value":`+value+`}`))
			if got.User != c.user || got.UserKind != hub.Person || got.Actor != "" || got.Profile.Username.Reveal() != c.username {
				t.Errorf("got %s %q %q, want %q %q", got.UserKind, got.User, got.Profile.Username.Reveal(), c.user, c.username)
			}
			if !reflect.DeepEqual(got.Aliases, c.aliases) {
				t.Errorf("aliases: got %v, want %v", got.Aliases, c.aliases)
			}
		})
	}
}

func TestAMessageOfNobodyIsNotGivenToOneOfTwo(t *testing.T) {
	two := `{"metadata":{"phone_number_id":"` + number + `"},"contacts":[{"wa_id":"886900000001"},{"wa_id":"886900000002"}],
		"messages":[{"id":"wamid.1","timestamp":"1","type":"text"}]}`
	a := whatsapp.New(channel.Platform{})
	slices, err := a.Split(&channel.Request{Body: []byte(body(`{"field":"messages","value":` + two + `}`))})
	if err != nil || len(slices) != 1 || slices[0].User != "" {
		t.Fatalf("got %+v, %v, want one slice of nobody", slices, err)
	}
	if _, err := a.Parse(slices[0].Head, slices[0].Raw); hub.CodeOf(err) != hub.Unparsable {
		t.Errorf("got %v, want %s", err, hub.Unparsable)
	}
}

func TestAChangeWithoutAFieldIsReadByItsArrays(t *testing.T) {
	for _, field := range []string{``, `"field":null,`, `"field":7,`} {
		e := one(t, body(`{`+field+`"value":{"metadata":{"phone_number_id":"`+number+`"},"messages":[{"from":"886912345678","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"x"}}]}}`))
		if e.Kind != channel.EventMessage || e.Message.Text != "x" {
			t.Errorf("%s: got %s %+v, want the message", field, e.Kind, e.Message)
		}
	}
}

func TestGroupsShareAThread(t *testing.T) {
	got := one(t, list("messages", `{"from":"886912345678","group_id":"Y2FwaV9ncm91cDox","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"x"}}`))
	if got.User != "group:Y2FwaV9ncm91cDox" || got.UserKind != hub.Group || got.Actor != "wa:886912345678" || got.Profile != (channel.Profile{}) {
		t.Errorf("message: got %+v, want it of the group", got)
	}
	status := func(member string) channel.Event {
		return one(t, list("statuses", `{"id":"wamid.1","status":"read","timestamp":"1","recipient_id":"Y2FwaV9ncm91cDox","recipient_type":"group"`+member+`}`))
	}
	ids := map[string]bool{}
	for member, actor := range map[string]string{
		`,"recipient_participant_id":"886912345678"`:                                        "wa:886912345678",
		`,"recipient_participant_id":"886912345679","recipient_participant_user_id":"TW.1"`: "TW.1",
		`,"recipient_participant_user_id":"TW.2"`:                                           "TW.2",
		``: "",
	} {
		got := status(member)
		if got.User != "group:Y2FwaV9ncm91cDox" || got.UserKind != hub.Group || got.Actor != actor || got.Receipt.State != hub.Read || got.Aliases != nil {
			t.Errorf("%s: got %+v, want it of %q in the group", member, got, actor)
		}
		ids[got.ID] = true
	}
	if len(ids) != 4 {
		t.Errorf("got %d ids for four members' statuses, want 4: %v", len(ids), ids)
	}
}

func TestAPersonGoesByOtherIDs(t *testing.T) {
	system := func(from, rest string) string {
		return list("messages", `{`+from+`"id":"wamid.1","timestamp":"1791170415","type":"system","system":{`+rest+`}}`)
	}
	user, phone := channel.AliasUser, channel.AliasPhone
	for name, c := range map[string]struct {
		body, user      string
		aliases, former []channel.Alias
	}{
		"number, before BSUIDs": {system(`"from":"886912345678",`, `"type":"user_changed_number","wa_id":"886987654321"`), "wa:886987654321",
			[]channel.Alias{{Kind: phone, Value: "886987654321"}}, []channel.Alias{{Kind: phone, Value: "886912345678"}}},
		"number, old BSUID not told": {system(`"from":"886912345678",`, `"type":"user_changed_number","wa_id":"886987654321","user_id":"TW.2"`), "TW.2",
			[]channel.Alias{{Kind: user, Value: "TW.2"}, {Kind: phone, Value: "886987654321"}}, []channel.Alias{{Kind: phone, Value: "886912345678"}}},
		"BSUID, with a sender that means nothing": {system(`"from":"886912345678",`, `"type":"user_changed_user_id","user_id":"TW.2","previous_user_id":"TW.1"`), "TW.2",
			[]channel.Alias{{Kind: user, Value: "TW.2"}}, []channel.Alias{{Kind: user, Value: "TW.1"}}},
		"what stays is not former": {system(`"from":"886912345678",`, `"type":"user_changed_number","wa_id":"886912345678","user_id":"TW.2","previous_user_id":"TW.1"`), "TW.2",
			[]channel.Alias{{Kind: user, Value: "TW.2"}, {Kind: phone, Value: "886912345678"}}, []channel.Alias{{Kind: user, Value: "TW.1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := one(t, c.body)
			if got.Kind != channel.EventIdentity || got.User != c.user || !reflect.DeepEqual(got.Aliases, c.aliases) || !reflect.DeepEqual(got.Former, c.former) {
				t.Errorf("got %s %q %v, was %v; want %q %v, was %v", got.Kind, got.User, got.Aliases, got.Former, c.user, c.aliases, c.former)
			}
		})
	}
}

func TestAnotherAddressOfAMediumIsNoOtherEvent(t *testing.T) {
	split := func(url, id string) channel.Slice {
		slices, _ := events(t, list("messages", `{"from":"886912345678","id":"wamid.1","timestamp":"1","type":"image","image":{"url":"`+url+`","id":"`+id+`"}}`))
		return slices[0]
	}
	first, again, other := split("https://x/?ext=1", "7"), split("https://x/?ext=2&hash=z", "7"), split("https://x/?ext=1", "8")
	if first.Hash != again.Hash {
		t.Errorf("got hashes %q and %q for one event, want the same", first.Hash, again.Hash)
	}
	if first.Hash == other.Hash {
		t.Errorf("got hash %q for two events, want two", first.Hash)
	}
	for name, rest := range map[string]string{
		"an advertisement's picture": `"type":"text","text":{"body":"x"},"referral":{"source_type":"ad","image_url":"ADDRESS","thumbnail_url":"ADDRESS"}`,
		"a caption that is one":      `"type":"image","image":{"caption":"https://x/1","url":"ADDRESS","id":"7"}`,
	} {
		var hashes []string
		for _, address := range []string{"https://x/1", "https://x/1?ext=2"} {
			slices, _ := events(t, list("messages", `{"from":"886912345678","id":"wamid.1","timestamp":"1",`+strings.ReplaceAll(rest, "ADDRESS", address)+`}`))
			hashes = append(hashes, slices[0].Hash)
		}
		if hashes[0] != hashes[1] {
			t.Errorf("%s: got hashes %q for one event, want the same", name, hashes)
		}
	}
}

func TestAnEventWithoutAnIDIsNamedByItsContent(t *testing.T) {
	name := func(list string) string {
		slices, _ := events(t, list)
		return slices[0].Event
	}
	first := name(list("statuses", ` {"status":"warning","recipient_id":"886912345678"} `))
	again := name(list("statuses", `{"status":"warning","recipient_id":"886912345678"}`))
	other := name(list("statuses", `{"status":"warning","recipient_id":"886912345679"}`))
	if first == "" || first != again || first == other {
		t.Errorf("got %q, %q and %q, want the first two the same and the third another", first, again, other)
	}
	for range 2 { // all there is of an entry counts
		ids := map[string]bool{}
		for _, b := range []string{
			body(`{"field":"a","value":1}`), body(`{"field":"b","value":1}`), body(`{"field":"a","value":2}`),
			strings.Replace(body(`{"field":"a","value":1}`), "104996122399160", "2", 1),
		} {
			ids[name(b)] = true
		}
		if len(ids) != 4 {
			t.Errorf("got %d names for four events, want 4", len(ids))
		}
	}
}

func TestAnIDNamesItsPersonByItself(t *testing.T) {
	a := whatsapp.New(channel.Platform{})
	for id, want := range map[string][]channel.Alias{
		"wa:886912345678": {{Kind: channel.AliasPhone, Value: "886912345678"}},
		user:              {{Kind: channel.AliasUser, Value: user}},
		"group:Y2Fw":      nil, "group:886912345678": nil, "group:TW.1": nil, "group:wa:886912345678": nil,
		"": nil, "wa:": nil, "wa:TW.1": nil, "wa:+886912345678": nil, "wa:0886912345678": nil, "wa:wa:886912345678": nil,
		"886912345678": nil, "TW.": nil, "TW.ENT.1": nil, "tw.1": nil, "U0d9c3f6a82b14e57903c6ad18f4e7b25": nil,
	} {
		if got := a.Names(id); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, want %v", id, got, want)
		}
	}
}
