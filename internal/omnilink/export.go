package omnilink

import (
	"context"
	"encoding/csv"
	"io"
	"strings"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// csvPage is how many rows are read at a time.
const csvPage = 200

// heads are the first rows of an export.
var heads = map[bool][]string{
	true:  {"Status", "Source name", "Source channel ID", "Target name", "Target channel ID", "Participation time", "Success time", "Reason"},
	false: {"狀態", "來源渠道聯絡人名稱", "來源渠道 ID", "目標渠道聯絡人名稱", "目標渠道 ID", "參與時間", "成功時間", "失敗原因"},
}

var outcomes = map[bool][2]string{true: {"Success", "Failure"}, false: {"成功", "失敗"}}

// Export writes the successes and the failures of a range as CSV (RFC 4180, UTF-8 with a
// byte order mark, times of the range's zone), in English or Chinese. No cell is taken for
// a formula by a spreadsheet. BadRequest without a range.
func (a *Activities) Export(ctx context.Context, team hub.TeamID, id hub.ActivityID, r Range, language string, out io.Writer) error {
	if r.Zone == nil || r.Before <= r.From {
		return hub.E(hub.BadRequest, "omnilink: export", errNoRange)
	}
	if _, err := io.WriteString(out, "\uFEFF"); err != nil {
		return err
	}
	english := hub.Spoken(language) == hub.English
	w := csv.NewWriter(out)
	w.UseCRLF = true
	if err := w.Write(heads[english]); err != nil {
		return err
	}
	clock := func(m hub.Millis) string {
		if m == 0 {
			return ""
		}
		return m.Time().In(r.Zone).Format(time.DateTime)
	}
	for position := ""; ; {
		rows, next, err := a.Rows(ctx, team, id, r, store.LinkedOrNot, position, csvPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			status, reason := outcomes[english][0], ""
			if row.Linked == 0 {
				status, reason = outcomes[english][1], row.Reason.Text(language)
			}
			err := w.Write([]string{
				status, cell(row.Name.Reveal()), cell(row.External.Reveal()), cell(row.TargetName.Reveal()), cell(row.TargetID.Reveal()),
				clock(row.Tapped), clock(row.Linked), reason,
			})
			if err != nil {
				return err
			}
		}
		if position = next; next == "" {
			break
		}
	}
	w.Flush()
	return w.Error()
}

// cell is a text that no spreadsheet takes for a formula: an apostrophe stands before what
// would begin one, and line ends and other control characters are spaces.
// https://owasp.org/www-community/attacks/CSV_Injection
func cell(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if strings.ContainsRune("=+-@＝＋－＠", first(strings.TrimLeft(text, " \u00a0\u3000"))) {
		return "'" + text
	}
	return text
}

// first is the first character of a text; a space if it is empty.
func first(text string) rune {
	for _, r := range text {
		return r
	}
	return ' '
}
