package whatsapptest_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestCallsThatAreNotLetIn(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.meet("ann")
	body := `{"messaging_product":"whatsapp","to":"` + phone + `","text":{"body":"x"}}`
	path := "/v24.0/" + shop + "/messages"
	for _, c := range []struct {
		name, path, body string
		headers          []string
		status, code     int
		message          string
	}{
		{"no token", path, body, []string{"Authorization", ""}, 401, 0, "Authentication Error"},
		{"empty token", path, body, []string{"Authorization", "Bearer "}, 401, 0, "Authentication Error"},
		{"another scheme", path, body, []string{"Authorization", "Basic t1"}, 401, 0, "Authentication Error"},
		{"unknown token", path, body, []string{"Authorization", "Bearer t9"}, 401, 190, "Invalid OAuth access token"},
		{"another number's token", path, body, []string{"Authorization", "Bearer t2"}, 403, 131005, "(#131005) Access denied"},
		{"unknown number", "/v24.0/1/messages", body, nil, 400, 100, "Unsupported post request"},
		{"no version", "/" + shop + "/messages", body, nil, 400, 2500, "Unknown path components"},
		{"another endpoint", "/v24.0/" + shop + "/media", body, nil, 400, 2500, "Unknown path components"},
		{"another method", path, body, []string{":method", "PUT"}, 400, 100, "Unsupported put request"},
		{"not JSON by type", path, body, []string{"Content-Type", "text/plain"}, 400, 100, "(#100) The parameter messaging_product is required."},
		{"not JSON", path, `{"to":`, nil, 400, 100, "(#100) Invalid parameter"},
		{"no object", path, `[1]`, nil, 400, 100, "(#100) Invalid parameter"},
		{"too large", path, `{"messaging_product":"` + strings.Repeat("x", 4<<20) + `"}`, nil, 413, 1, "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, header := w.post(c.path, c.body, c.headers...)
			w.Want("status and code", []any{status, code(out)}, []any{c.status, c.code})
			e := out["error"].(map[string]any)
			if message := e["message"].(string); !strings.Contains(message, c.message) {
				t.Errorf("message: got %q, want it to say %q", message, c.message)
			}
			trace, _ := e["fbtrace_id"].(string)
			if !regexp.MustCompile(`^A[0-9A-Za-z_-]{22}$`).MatchString(trace) || header.Get("X-Fb-Trace-Id") != trace || e["type"] == "" {
				t.Errorf("got %v, want a type and a trace", e)
			}
		})
	}
	w.Want("ledger", len(w.Ledger.Calls("", "")), 0)
	for _, version := range []string{"v1.0", "v19.0", "v24.0", "v99.9"} {
		status, _, _ := w.post("/"+version+"/"+shop+"/messages", body)
		w.Want(version, status, 200)
	}
}

func TestSendsThatMetaRefuses(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.meet("ann")
	text := func(n int) string { return strings.Repeat("字", n) }
	interactive := func(members string) string { return `"type":"interactive","interactive":{` + members + `}` }
	const b = `"body":{"text":"b"}`
	row := func(i int) string { return fmt.Sprintf(`{"id":"r%d","title":"t"}`, i) }
	rows := func(from, n int) string {
		var out []string
		for i := range n {
			out = append(out, row(from+i))
		}
		return `{"title":"s","rows":[` + strings.Join(out, ",") + `]}`
	}
	sections := func(s ...string) string {
		return interactive(`"type":"list",` + b + `,"action":{"button":"o","sections":[` + strings.Join(s, ",") + `]}`)
	}
	reply := func(id, title string) string { return fmt.Sprintf(`{"id":%q,"title":%q}`, id, title) }
	cta := func(parameters string) string {
		return interactive(`"type":"cta_url",` + b + `,"action":{"name":"cta_url","parameters":{` + parameters + `}}`)
	}
	for name, c := range map[string]struct {
		members string
		code    int // 0 = accepted
	}{
		"another product":            {`"messaging_product":"sms","text":{"body":"x"}`, 131009},
		"a group":                    {`"recipient_type":"group","text":{"body":"x"}`, 131009},
		"unknown type":               {`"type":"poem"`, 131009},
		"unknown member":             {`"text":{"body":"x"},"ttl":5`, 100},
		"another type's member":      {`"text":{"body":"x"},"image":{"link":"https://x.example/"}`, 100},
		"unknown member of text":     {`"text":{"body":"x","bold":true}`, 100},
		"type of a member":           {`"text":{"body":7}`, 100},
		"text that is no object":     {`"text":"x"`, 100},
		"no text":                    {`"type":"text"`, 131008},
		"no body":                    {`"text":{}`, 131008},
		"empty body":                 {`"text":{"body":""}`, 131009},
		"longest body":               {`"text":{"body":"` + text(4096) + `"}`, 0},
		"longer body":                {`"text":{"body":"` + text(4097) + `"}`, 131009},
		"preview_url":                {`"text":{"body":"x","preview_url":"yes"}`, 100},
		"longest callback data":      {`"text":{"body":"x"},"biz_opaque_callback_data":"` + text(512) + `"`, 0},
		"longer callback data":       {`"text":{"body":"x"},"biz_opaque_callback_data":"` + text(513) + `"`, 131009},
		"context":                    {`"text":{"body":"x"},"context":{"message_id":"wamid.abc="}`, 0},
		"context of nothing":         {`"text":{"body":"x"},"context":{}`, 131008},
		"context of something else":  {`"text":{"body":"x"},"context":{"message_id":"7"}`, 131009},
		"image":                      {`"type":"image","image":{"link":"https://x.example/a.jpg","caption":"c"}`, 0},
		"image by an unknown id":     {`"type":"image","image":{"id":"7"}`, 131009},
		"image by both":              {`"type":"image","image":{"id":"7","link":"https://x.example/"}`, 131009},
		"image by neither":           {`"type":"image","image":{}`, 131009},
		"image without an address":   {`"type":"image","image":{"link":"photo"}`, 131009},
		"long caption":               {`"type":"video","video":{"link":"https://x.example/","caption":"` + text(1025) + `"}`, 131009},
		"caption of a sound":         {`"type":"audio","audio":{"link":"https://x.example/","caption":"c"}`, 100},
		"voice":                      {`"type":"audio","audio":{"link":"https://x.example/","voice":true}`, 0},
		"document":                   {`"type":"document","document":{"link":"http://x.example/","filename":"f","caption":"c"}`, 0},
		"sticker":                    {`"type":"sticker","sticker":{"link":"https://x.example/"}`, 0},
		"location":                   {`"type":"location","location":{"latitude":25.1,"longitude":"121.5","name":"n","address":"a"}`, 0},
		"location off the globe":     {`"type":"location","location":{"latitude":91,"longitude":0}`, 131009},
		"location that is no number": {`"type":"location","location":{"latitude":"NaN","longitude":0}`, 131009},
		"location without longitude": {`"type":"location","location":{"latitude":1}`, 131008},
		"contacts":                   {`"type":"contacts","contacts":[{"name":{"formatted_name":"A B","first_name":"A"},"phones":[{"phone":"1"}]}]`, 0},
		"contacts without a part":    {`"type":"contacts","contacts":[{"name":{"formatted_name":"A"}}]`, 131008},
		"no contacts":                {`"type":"contacts","contacts":[]`, 131008},
		"reaction":                   {`"type":"reaction","reaction":{"message_id":"wamid.x","emoji":"👍"}`, 0},
		"reaction taken back":        {`"type":"reaction","reaction":{"message_id":"wamid.x","emoji":""}`, 0},
		"reaction without emoji":     {`"type":"reaction","reaction":{"message_id":"wamid.x"}`, 131008},

		"interactive of a later kind":  {interactive(`"type":"carousel"`), 131051},
		"interactive of no kind":       {interactive(`"type":"poem"`), 131009},
		"three buttons":                {buttons(reply("1", "a"), reply("2", "b"), reply("3", "c")), 0},
		"four buttons":                 {buttons(reply("1", "a"), reply("2", "b"), reply("3", "c"), reply("4", "d")), 131009},
		"no buttons":                   {buttons(), 131008},
		"longest button":               {buttons(reply(text(256), text(20))), 0},
		"long id":                      {buttons(reply(text(257), "a")), 131009},
		"long title":                   {buttons(reply("1", text(21))), 131009},
		"no title":                     {buttons(reply("1", "")), 131009},
		"ids twice":                    {buttons(reply("1", "a"), reply("1", "b")), 131009},
		"titles twice":                 {buttons(reply("1", "a"), reply("2", "a")), 131009},
		"button with a description":    {buttons(`{"id":"1","title":"a","description":"d"}`), 100},
		"long body of buttons":         {strings.Replace(buttons(reply("1", "a")), `"b"`, `"`+text(1025)+`"`, 1), 131009},
		"no body of buttons":           {interactive(`"type":"button","action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"a"}}]}`), 131008},
		"header and footer":            {interactive(`"type":"button","header":{"type":"text","text":"` + text(60) + `"},` + b + `,"footer":{"text":"` + text(60) + `"},"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"a"}}]}`), 0},
		"image header":                 {interactive(`"type":"button","header":{"type":"image","image":{"link":"https://x.example/"}},` + b + `,"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"a"}}]}`), 0},
		"long header":                  {interactive(`"type":"button","header":{"type":"text","text":"` + text(61) + `"},` + b + `,"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"a"}}]}`), 131009},
		"long footer":                  {interactive(`"type":"button",` + b + `,"footer":{"text":"` + text(61) + `"},"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"a"}}]}`), 131009},
		"ten rows":                     {sections(rows(0, 5), rows(5, 5)), 0},
		"eleven rows":                  {sections(rows(0, 6), rows(6, 5)), 131009},
		"eleven sections":              {sections(rows(0, 1), rows(1, 1), rows(2, 1), rows(3, 1), rows(4, 1), rows(5, 1), rows(6, 1), rows(7, 1), rows(8, 1), rows(9, 1), rows(10, 1)), 131009},
		"rows twice":                   {sections(rows(0, 2), rows(1, 2)), 131009},
		"one section without title":    {sections(`{"rows":[` + row(1) + `]}`), 0},
		"two sections without title":   {sections(`{"rows":[`+row(1)+`]}`, rows(2, 1)), 131008},
		"section without rows":         {sections(`{"title":"s"}`), 131008},
		"longest row":                  {sections(`{"title":"` + text(24) + `","rows":[{"id":"` + text(200) + `","title":"` + text(24) + `","description":"` + text(72) + `"}]}`), 0},
		"long row id":                  {sections(`{"rows":[{"id":"` + text(201) + `","title":"t"}]}`), 131009},
		"long row title":               {sections(`{"rows":[{"id":"1","title":"` + text(25) + `"}]}`), 131009},
		"long row description":         {sections(`{"rows":[{"id":"1","title":"t","description":"` + text(73) + `"}]}`), 131009},
		"long section title":           {sections(`{"title":"` + text(25) + `","rows":[` + row(1) + `]}`), 131009},
		"long opener":                  {strings.Replace(sections(rows(0, 1)), `"o"`, `"`+text(21)+`"`, 1), 131009},
		"longest body of a list":       {strings.Replace(sections(rows(0, 1)), `"b"`, `"`+text(4096)+`"`, 1), 0},
		"image header of a list":       {strings.Replace(sections(rows(0, 1)), b, `"header":{"type":"image","image":{"link":"https://x.example/"}},`+b, 1), 131009},
		"link button":                  {cta(`"display_text":"See","url":"https://x.example/a"`), 0},
		"link button without a link":   {cta(`"display_text":"See"`), 131008},
		"link button to nowhere":       {cta(`"display_text":"See","url":"mailto:x"`), 131009},
		"long link button":             {cta(`"display_text":"` + text(21) + `","url":"https://x.example/a"`), 131009},
		"flow":                         {flow(`"flow_token":"t","flow_action":"navigate","flow_action_payload":{"screen":"A","data":{"x":1}}`), 0},
		"flow by name, a draft":        {strings.Replace(flow(`"flow_token":"t","mode":"draft","flow_action":"data_exchange"`), `"flow_id":"123"`, `"flow_name":"n"`, 1), 0},
		"flow by both":                 {flow(`"flow_token":"t","flow_name":"n"`), 131009},
		"flow by neither":              {strings.Replace(flow(`"flow_token":"t"`), `"flow_id":"123",`, "", 1), 131009},
		"flow without token":           {flow(`"mode":"draft"`), 131008},
		"flow of another version":      {strings.Replace(flow(`"flow_token":"t"`), `"3"`, `"2"`, 1), 131009},
		"flow in another mode":         {flow(`"flow_token":"t","mode":"test"`), 131009},
		"flow without a button":        {strings.Replace(flow(`"flow_token":"t"`), `"flow_cta":"go",`, "", 1), 131008},
		"flow with a long button":      {strings.Replace(flow(`"flow_token":"t"`), `"go"`, `"`+text(31)+`"`, 1), 131009},
		"flow with another action":     {flow(`"flow_token":"t","flow_action":"jump"`), 131009},
		"flow with two beginnings":     {flow(`"flow_token":"t","flow_action":"data_exchange","flow_action_payload":{"screen":"A"}`), 131009},
		"flow with empty data":         {flow(`"flow_token":"t","flow_action_payload":{"screen":"A","data":{}}`), 131009},
		"flow with an unknown member":  {flow(`"flow_token":"t","colour":"red"`), 100},
		"unknown member of the action": {interactive(`"type":"flow",` + b + `,"action":{"name":"flow","x":1,"parameters":{"flow_message_version":"3","flow_id":"1","flow_cta":"go","flow_token":"t"}}`), 100},
	} {
		t.Run(name, func(t *testing.T) {
			w.Advance(6 * time.Second) // so that the pair rate lets it through
			status, out := w.send(`"to":"` + phone + `",` + c.members)
			want := 400
			switch c.code {
			case 0:
				want = 200
			case 131051:
				want = 501
			}
			if status != want || code(out) != c.code {
				t.Errorf("got %d, %d %s, want %d, %d", status, code(out), details(out), want, c.code)
			}
			if strings.Contains(fmt.Sprint(out["error"]), phone) || strings.Contains(fmt.Sprint(out["error"]), "字") {
				t.Errorf("got %v, want nothing of the message in it", out)
			}
		})
	}
	for members, want := range map[string]int{
		`"text":{"body":"x"}`:                            100,
		`"to":"ann","text":{"body":"x"}`:                 131009,
		`"to":"0912345678","text":{"body":"x"}`:          131009,
		`"to":"TW.123","text":{"body":"x"}`:              131009,
		`"to":886912345678,"text":{"body":"x"}`:          100,
		`"recipient":"123","text":{"body":"x"}`:          131009,
		`"recipient":"TW 1","text":{"body":"x"}`:         131009,
		`"recipient":"TW.1","text":{"body":"x"}`:         131009,
		`"to":null,"recipient":null,"text":{"body":"x"}`: 100,
	} {
		status, out := w.send(members)
		w.Want(members, []any{status, code(out)}, []any{400, want})
	}
}

func TestTemplatesThatMetaRefuses(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.meet("ann")
	words := func(values ...string) string {
		for i, v := range values {
			values[i] = fmt.Sprintf(`{"type":"text","text":%q}`, v)
		}
		return `"parameters":[` + strings.Join(values, ",") + `]`
	}
	template := func(name, language string, components ...string) string {
		return fmt.Sprintf(`"type":"template","template":{"name":%q,"language":{"code":%q},"components":[%s]}`, name, language, strings.Join(components, ","))
	}
	body := func(values ...string) string { return `{"type":"body",` + words(values...) + `}` }
	named := func(values ...string) string {
		var out []string
		for i := 0; i < len(values); i += 2 {
			out = append(out, fmt.Sprintf(`{"type":"text","parameter_name":%q,"text":%q}`, values[i], values[i+1]))
		}
		return `"parameters":[` + strings.Join(out, ",") + `]`
	}
	button := func(sub, index, parameters string) string {
		return fmt.Sprintf(`{"type":"button","sub_type":%q,"index":%q,"parameters":[%s]}`, sub, index, parameters)
	}
	const image = `{"type":"header","parameters":[{"type":"image","image":{"link":"https://x.example/"}}]}`
	coupon := button("copy_code", "1", `{"type":"coupon_code","coupon_code":"OFF10"}`)
	order := []string{`{"type":"header",` + named("order", "7") + `}`, `{"type":"body",` + named("state", "sent", "name", "Ann") + `}`,
		button("url", "0", `{"type":"text","text":"7"}`)}
	for name, c := range map[string]struct {
		members      string
		status, code int
	}{
		"no blanks":                    {template("hello_world", "en_US"), 200, 0},
		"unknown":                      {template("nothing", "en_US"), 404, 132001},
		"in another language":          {template("hello_world", "zh_TW"), 404, 132001},
		"paused":                       {template("winter_sale", "zh_TW", body("a")), 400, 132015},
		"right":                        {template("appointment_reminder", "zh_TW", body("a", "b")), 200, 0},
		"too few blanks":               {template("appointment_reminder", "zh_TW", body("a")), 400, 132000},
		"too many blanks":              {template("appointment_reminder", "zh_TW", body("a", "b", "c")), 400, 132000},
		"no blanks given":              {template("appointment_reminder", "zh_TW"), 400, 132000},
		"blanks that it has not":       {template("hello_world", "en_US", body("a")), 400, 132000},
		"an empty blank":               {template("appointment_reminder", "zh_TW", body("a", "")), 400, 131009},
		"a long text":                  {template("appointment_reminder", "zh_TW", body("a", strings.Repeat("x", 1025))), 400, 132005},
		"a picture as a blank":         {template("signup_form", "en", `{"type":"body","parameters":[{"type":"image","image":{"link":"https://x.example/"}}]}`), 400, 132012},
		"money as a blank":             {template("signup_form", "en", `{"type":"body","parameters":[{"type":"currency","currency":{"fallback_value":"$1","code":"USD","amount_1000":1000}}]}`), 200, 0},
		"two bodies":                   {template("signup_form", "en", body("a"), body("a")), 400, 131009},
		"an unknown component":         {template("signup_form", "en", `{"type":"tail"}`), 400, 131009},
		"a member of a component":      {template("signup_form", "en", `{"type":"body","text":"x"}`), 400, 100},
		"no language":                  {`"type":"template","template":{"name":"hello_world"}`, 400, 131008},
		"no name":                      {`"type":"template","template":{"language":{"code":"en_US"}}`, 400, 131008},
		"a policy":                     {`"type":"template","template":{"name":"hello_world","language":{"code":"en_US","policy":"deterministic"}}`, 200, 0},
		"a namespace":                  {`"type":"template","template":{"name":"hello_world","namespace":"x","language":{"code":"en_US"}}`, 400, 100},
		"names":                        {template("order_update", "en", order...), 200, 0},
		"no names":                     {template("order_update", "en", order[0], body("a", "b"), order[2]), 400, 100},
		"other names":                  {template("order_update", "en", order[0], `{"type":"body",`+named("state", "x", "colour", "red")+`}`, order[2]), 400, 132012},
		"no link":                      {template("order_update", "en", order[0], order[1]), 400, 131008},
		"a link of another kind":       {template("order_update", "en", order[0], order[1], button("url", "0", `{"type":"payload","payload":"7"}`)), 400, 132012},
		"another kind of button":       {template("order_update", "en", order[0], order[1], button("quick_reply", "0", `{"type":"payload","payload":"7"}`)), 400, 132012},
		"a button that it has not":     {template("order_update", "en", order[0], order[1], order[2], button("url", "1", `{"type":"text","text":"7"}`)), 400, 132000},
		"the same button twice":        {template("order_update", "en", order[0], order[1], order[2], order[2]), 400, 131009},
		"button number ten":            {template("order_update", "en", order[0], order[1], button("url", "10", "")), 400, 131009},
		"a payload":                    {template("appointment_reminder", "en", body("a", "b"), button("quick_reply", "1", `{"type":"payload","payload":"7"}`)), 200, 0},
		"a picture and a coupon":       {template("member_news", "en", image, body("a"), coupon), 200, 0},
		"no picture":                   {template("member_news", "en", body("a"), coupon), 400, 132012},
		"no coupon":                    {template("member_news", "en", image, body("a")), 400, 131008},
		"a text in place of a picture": {template("member_news", "en", `{"type":"header",`+words("x")+`}`, body("a"), coupon), 400, 132012},
		"a place":                      {template("store_visit", "zh_TW", `{"type":"header","parameters":[{"type":"location","location":{"latitude":25,"longitude":121,"name":"n","address":"a"}}]}`, body("a")), 200, 0},
		"a file":                       {template("invoice", "zh_TW", `{"type":"header","parameters":[{"type":"document","document":{"link":"https://x.example/","filename":"f.pdf"}}]}`, body("a")), 200, 0},
		"a code":                       {template("login_code", "zh_TW", body("1"), button("url", "0", `{"type":"text","text":"1"}`)), 200, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w.Advance(6 * time.Second)
			status, out := w.send(`"to":"` + phone + `",` + c.members)
			if status != c.status || code(out) != c.code {
				t.Errorf("got %d, %d %s, want %d, %d", status, code(out), details(out), c.status, c.code)
			}
		})
	}
	_, out := w.send(`"to":"` + phone + `",` + template("appointment_reminder", "zh_TW", body("a")))
	w.Want("details", details(out), "(#132000) Number of parameters does not match the expected number of params: "+
		"body: number of localizable_params (1) does not match the expected number of params (2)")
}

func TestTemplatesChange(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.meet("ann")
	send := func(account, token string) int {
		_, out, _ := w.post("/v24.0/"+account+"/messages", `{"messaging_product":"whatsapp","to":"`+phone+
			`","type":"template","template":{"name":"autumn","language":{"code":"en"},"components":[{"type":"body","parameters":[{"type":"text","text":"x"}]}]}}`,
			"Authorization", "Bearer "+token)
		return code(out)
	}
	event := func(name, more string) string {
		return w.Extra("", `{"type":"template_status","name":"autumn","language":"en","event":"`+name+`"`+more+`}`).Body
	}
	w.Want("before", send(shop, "t1"), 132001)
	w.Extra("", `{"type":"template","template":{"name":"autumn","language":"en","category":"MARKETING","components":[{"type":"BODY","text":"Hi {{1}}"}]}}`)
	w.Want("made", []int{send(shop, "t1"), send(club, "t2"), send(rival, "t3")}, []int{0, 0, 132001})
	for _, c := range []struct {
		event, more string
		code        int
		reason      string
	}{
		{"PAUSED", `,"title":"FIRST_PAUSE","details":"d"`, 132015, `"reason":"NONE"`},
		{"FLAGGED", "", 132015, `"reason":"NONE"`},
		{"REINSTATED", "", 0, `"reason":"NONE"`},
		{"DISABLED", `,"date":"1791170415"`, 132016, `"disable_info":{"disable_date":"1791170415"}`},
		{"REJECTED", `,"reason":"ABUSIVE_CONTENT"`, 132001, `"reason":"ABUSIVE_CONTENT"`},
		{"APPROVED", "", 0, `"reason":"NONE"`},
		{"PENDING_DELETION", "", 0, `"reason":null`},
		{"DELETED", "", 132001, `"message_template_category":"MARKETING"`},
	} {
		body := event(c.event, c.more)
		w.Want(c.event, []any{send(shop, "t1"), strings.Contains(body, c.reason)}, []any{c.code, true})
	}
}
