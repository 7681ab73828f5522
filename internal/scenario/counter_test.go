package scenario

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"time"

	"omnihub/internal/stack"
)

// counts are all counters of a campaign.
type counts struct {
	successes, people, newContacts                int // of the overview
	participants, success, fresh, failed, reasons int // of the statistics
}

var (
	// untouched is a campaign whose button nobody has tapped.
	untouched = counts{}
	// once is one that brought somebody who was nobody's contact before, and known
	// one that brought somebody who was.
	once  = counts{successes: 1, people: 1, newContacts: 1, participants: 1, success: 1, fresh: 1}
	known = counts{successes: 1, people: 1, participants: 1, success: 1}
	// silent is one tap of which nothing came, and failedOnce one that failed.
	silent     = counts{participants: 1, failed: 1}
	failedOnce = counts{participants: 1, failed: 1, reasons: 1}
)

// counted holds the counters of a campaign against what is wanted.
func (s *scene) counted(id string, want counts) {
	s.t.Helper()
	one := s.asks("GET", "/activities/"+id, nil, http.StatusOK)
	stats := s.asks("GET", "/activities/"+id+"/statistics?"+days(), nil, http.StatusOK)
	n := func(a stack.Answer, path ...any) int {
		f, ok := a.Value(path...).(float64)
		if !ok {
			s.t.Errorf("%s: got no number at %v", a.Raw, path)
		}
		return int(f)
	}
	got := counts{
		n(one, "totals", "successes"), n(one, "totals", "people"), n(one, "totals", "new_contacts"),
		n(stats, "participants"), n(stats, "successes"), n(stats, "new_contacts"), n(stats, "failures"), n(stats, "failures_with_reason"),
	}
	if got != want {
		s.t.Errorf("%s: got the counters %+v, want %+v", id, got, want)
	}
}

// days is a range with today within.
func days() string {
	taipei := now().In(time.FixedZone("Asia/Taipei", 8*3600))
	return "from=" + taipei.AddDate(0, 0, -1).Format(time.DateOnly) + "&to=" + taipei.AddDate(0, 0, 1).Format(time.DateOnly)
}

// reason is why a participation failed, with its code in the API and its texts.
type reason struct{ code, chinese, english string }

var (
	disabled  = reason{"disabled", "跨社群一鍵整合已停用", "Cross channel connect is disabled."}
	notMade   = reason{"link_not_made", "無法產生整合連結", "Failed to generate connect link."}
	noSource  = reason{"source_not_found", "無法找到來源渠道聯絡人", "Source contact not found."}
	noTarget  = reason{"target_not_found", "無法找到目標渠道聯絡人", "Target contact not found."}
	conflict  = reason{"member_id_conflict", "會員編號衝突", "Member ID conflict."}
	ourFault  = reason{"server_error", "伺服器錯誤", "Internal server error."}
	noneCame  = reason{"nothing_came", "因顧客未送出整合訊息或未安裝目標渠道 APP 失敗", "The integration might have failed because the customer didn't submit the integration message or hasn't installed the target channel app."}
	succeeded = reason{}
)

// listed checks the one row of a campaign: in the list of successes or of failures, and in
// the files of both languages. With an empty reason it is a success.
func (s *scene) listed(id string, from, to person, why reason) {
	s.t.Helper()
	successes := s.asks("GET", "/activities/"+id+"/successes?"+days(), nil, http.StatusOK)
	failures := s.asks("GET", "/activities/"+id+"/failures?"+days(), nil, http.StatusOK)
	row, others := failures, successes
	if why == succeeded {
		row, others = successes, failures
	}
	if rows, _ := others.Value("items").([]any); len(rows) != 0 {
		s.t.Errorf("%s: got %s too, want no such row", id, others.Raw)
	}
	if rows, _ := row.Value("items").([]any); len(rows) != 1 || row.Text("items", 0, "name") != from.name || row.Text("items", 0, "channel") != from.channel() {
		s.t.Fatalf("%s: got %s, want the one row of %s", id, row.Raw, from.name)
	}
	if why == succeeded {
		if got := row.Text("items", 0, "target", "name"); got != to.name {
			s.t.Errorf("%s: got the target %s, want %s", id, got, to.name)
		}
	} else if got := (reason{row.Text("items", 0, "reason", "code"), row.Text("items", 0, "reason", "zh-TW"), row.Text("items", 0, "reason", "en")}); got != why {
		s.t.Errorf("%s: got the reason %+v, want %+v", id, got, why)
	}
	for lang, words := range map[string]struct{ head, status, reason string }{
		"en":    {"Status,Source name,Source channel ID,Target name,Target channel ID,Participation time,Success time,Reason", map[bool]string{true: "Success", false: "Failure"}[why == succeeded], why.english},
		"zh-TW": {"狀態,來源渠道聯絡人名稱,來源渠道 ID,目標渠道聯絡人名稱,目標渠道 ID,參與時間,成功時間,失敗原因", map[bool]string{true: "成功", false: "失敗"}[why == succeeded], why.chinese},
	} {
		rows := s.file(id, lang)
		if len(rows) != 2 {
			s.t.Errorf("%s: got the file %q, want a head and one row", id, rows)
			continue
		}
		head, row := rows[0], rows[1]
		if strings.Join(head, ",") != words.head || row[0] != words.status || row[1] != from.name || row[2] == "" || row[7] != words.reason {
			s.t.Errorf("%s: got %q and %q, want %+v", id, head, row, words)
		}
		if why == succeeded && (row[3] != to.name || row[4] == "" || row[6] == "") {
			s.t.Errorf("%s: got %q, want the target %s and when it was", id, row, to.name)
		}
	}
}

// file is a campaign's export.
func (s *scene) file(id, lang string) [][]string {
	s.t.Helper()
	a := s.asks("GET", fmt.Sprintf("/activities/%s/export?%s&lang=%s", id, days(), lang), nil, http.StatusOK)
	text, marked := strings.CutPrefix(string(a.Raw), "\uFEFF")
	if kind := a.Header.Get("Content-Type"); !marked || kind != "text/csv; charset=utf-8" {
		s.t.Errorf("got a file of %s, marked %v, want CSV with a byte order mark", kind, marked)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	s.must(err)
	return rows
}

// unlisted checks that nobody takes part in a campaign.
func (s *scene) unlisted(id string) {
	s.t.Helper()
	s.counted(id, untouched)
	if rows := s.file(id, "en"); len(rows) != 1 {
		s.t.Errorf("%s: got %q, want the head alone", id, rows)
	}
}
