package linetest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// profile tells who a friend is. https://developers.line.biz/en/reference/messaging-api/#get-profile
func (p *platform) profile(x *exchange, id string) {
	if !userForm.MatchString(id) {
		x.refuse(400, "The value for the 'userId' parameter is invalid")
		return
	}
	p.Mu.Lock()
	c, name := x.account.customers[id], p.names[id]
	friend := c != nil && !c.Unmet && !c.Stranger && !c.Blocked
	p.Mu.Unlock()
	if !friend {
		x.refuse(404, "Not found")
		return
	}
	if name == "" {
		name = "LINE " + id[len(id)-4:]
	}
	x.answer(200, map[string]any{"userId": id, "displayName": name, "language": "zh-TW",
		"pictureUrl": "https://profile.line-scdn.net/0h" + id[1:9], "statusMessage": "Hello, LINE!"})
}

// summary tells what a group is called.
// https://developers.line.biz/en/reference/messaging-api/#get-group-summary
func (p *platform) summary(x *exchange, id string) {
	p.Mu.Lock()
	c, name := x.account.customers[id], p.names[id]
	in := isGroup(id) && c != nil && !c.Blocked
	p.Mu.Unlock()
	if !in {
		x.refuse(404, "Not found")
		return
	}
	if name == "" {
		name = "Group " + id[len(id)-4:]
	}
	x.answer(200, map[string]any{"groupId": id, "groupName": name, "pictureUrl": "https://profile.line-scdn.net/0g" + id[1:9]})
}

// reads answers what is asked with an id in the path; false if it is no such call.
func (p *platform) reads(x *exchange) bool {
	if x.r.Method != http.MethodGet {
		return false
	}
	if id, ok := strings.CutPrefix(x.r.URL.Path, "/v2/bot/profile/"); ok {
		p.profile(x, id)
		return true
	}
	if rest, ok := strings.CutPrefix(x.r.URL.Path, "/v2/bot/group/"); ok {
		if id, ok := strings.CutSuffix(rest, "/summary"); ok {
			p.summary(x, id)
			return true
		}
	}
	return false
}

// loading shows a customer that an answer is on its way.
// https://developers.line.biz/en/reference/messaging-api/#display-a-loading-indicator
func (p *platform) loading(x *exchange) {
	in := struct {
		ChatID  string `json:"chatId"`
		Seconds *int   `json:"loadingSeconds"`
	}{}
	if json.Unmarshal(x.body, &in) != nil {
		x.refuse(400, "The request body could not be parsed as JSON (line: 1, column: 1)")
		return
	}
	var wrong []detail
	if !userForm.MatchString(in.ChatID) {
		wrong = append(wrong, detail{"Must be a valid user ID", "chatId"})
	}
	if s := in.Seconds; s != nil && (*s < 5 || *s > 60 || *s%5 != 0) {
		wrong = append(wrong, detail{"Must be a multiple of 5 between 5 and 60", "loadingSeconds"})
	}
	if len(wrong) > 0 {
		x.invalid(wrong)
		return
	}
	p.Mu.Lock()
	if who := x.account.customers[in.ChatID]; who != nil {
		p.note(x, fake.Call{Kind: "loading", To: in.ChatID})
	}
	p.Mu.Unlock()
	x.answer(202, struct{}{})
}

// quota tells the month's limit. https://developers.line.biz/en/reference/messaging-api/#get-quota
func (p *platform) quota(x *exchange, f faults) {
	quota := map[string]any{"type": "none"}
	if f.MonthlyQuota != nil {
		quota = map[string]any{"type": "limited", "value": *f.MonthlyQuota}
	}
	x.answer(200, quota)
}

// consumption tells what of it is used.
// https://developers.line.biz/en/reference/messaging-api/#get-consumption
func (p *platform) consumption(x *exchange) {
	p.Mu.Lock()
	used := x.account.pushed[p.month()]
	p.Mu.Unlock()
	x.answer(200, map[string]any{"totalUsage": used})
}

// month is the one that the quota counts in: LINE's, which is Japan's.
func (p *platform) month() string {
	return p.Now().In(time.FixedZone("JST", 9*60*60)).Format("2006-01")
}
