package api

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
	"omnihub/internal/team"
)

// rangeOf is the range of days that the query names, of an activity that is there. The
// days are the team's.
func (a *API) rangeOf(ctx context.Context, c *call) (omnilink.Range, error) {
	if _, err := a.Store.Activity(ctx, c.team.ID, c.activity(), store.Strict); err != nil {
		return omnilink.Range{}, err
	}
	r, err := omnilink.Days(c.zone(), c.text("from"), c.text("to"))
	return r, asked(err)
}

// zone is the team's time zone.
func (c *call) zone() string { return cmp.Or(c.team.Zone, team.DefaultZone) }

type statisticsShown struct {
	From         string `json:"from"`
	To           string `json:"to"`
	Zone         string `json:"time_zone"`
	Participants int    `json:"participants"`
	New          int    `json:"new_contacts"`
	Success      int    `json:"successes"`
	Failure      int    `json:"failures"`
	Reasons      int    `json:"failures_with_reason"`
}

func (a *API) countActivity(ctx context.Context, c *call) (answer, error) {
	r, err := a.rangeOf(ctx, c)
	if err != nil {
		return answer{}, err
	}
	n, err := a.Activities.Count(ctx, c.team.ID, c.activity(), r)
	return answer{body: statisticsShown{c.text("from"), c.text("to"), c.zone(), n.Participants, n.New, n.Success, n.Failure, n.Reasons}}, err
}

type successShown struct {
	Contact hub.HomeID  `json:"contact"`
	Name    string      `json:"name"`
	Channel hub.Channel `json:"channel"`
	User    string      `json:"external_id"`
	Target  targetShown `json:"target"`
	Tapped  *string     `json:"participated_at"`
	Linked  *string     `json:"linked_at"`
	New     bool        `json:"new_contact"`
}

type targetShown struct {
	Contact *hub.HomeID `json:"contact"`
	Name    string      `json:"name"`
	User    string      `json:"external_id"`
}

func showSuccess(r omnilink.Row) successShown {
	return successShown{
		r.Home, r.Name.Reveal(), r.Channel, r.External.Reveal(), targetShown{some(r.Target), r.TargetName.Reveal(), r.TargetID.Reveal()},
		instant(r.Tapped), instant(r.Linked), r.New,
	}
}

type failureShown struct {
	Contact hub.HomeID  `json:"contact"`
	Name    string      `json:"name"`
	Channel hub.Channel `json:"channel"`
	User    string      `json:"external_id"`
	Tapped  *string     `json:"participated_at"`
	Reason  reasonShown `json:"reason"`
}

type reasonShown struct {
	Code    hub.LinkReason `json:"code"`
	Chinese string         `json:"zh-TW"`
	English string         `json:"en"`
}

// nothingCame is the code of the reason that has none: the tap is all that there was.
const nothingCame hub.LinkReason = "nothing_came"

func showFailure(r omnilink.Row) failureShown {
	return failureShown{
		r.Home, r.Name.Reveal(), r.Channel, r.External.Reveal(), instant(r.Tapped),
		reasonShown{cmp.Or(r.Reason, nothingCame), r.Reason.Text("zh-TW"), r.Reason.Text("en")},
	}
}

func (a *API) listSuccesses(ctx context.Context, c *call) (answer, error) {
	rows, next, err := a.rows(ctx, c, store.LinkedOnly)
	return page(c, rows, next, showSuccess), err
}

func (a *API) listFailures(ctx context.Context, c *call) (answer, error) {
	rows, next, err := a.rows(ctx, c, store.NotLinked)
	return page(c, rows, next, showFailure), err
}

// rows is a page of the participations of a range, the latest first tap first.
func (a *API) rows(ctx context.Context, c *call, f store.LinkFilter) ([]omnilink.Row, string, error) {
	r, err := a.rangeOf(ctx, c)
	if err != nil {
		return nil, "", err
	}
	return paged(c, func(after string) ([]omnilink.Row, string, error) {
		return a.Activities.Rows(ctx, c.team.ID, c.activity(), r, f, after, c.limit())
	}, func(omnilink.Row) bool { return true })
}

// exportActivity answers all participations of a range as a file, in the language that the
// query names, or else the team's.
func (a *API) exportActivity(ctx context.Context, c *call) (answer, error) {
	return a.participations(ctx, c, maxExport)
}

func (a *API) participations(ctx context.Context, c *call, most int) (answer, error) {
	r, err := a.rangeOf(ctx, c)
	if err != nil {
		return answer{}, err
	}
	out := &file{most: most}
	err = a.Activities.Export(ctx, c.team.ID, c.activity(), r, cmp.Or(c.text("lang"), c.team.Language), out)
	if errors.Is(err, errFull) {
		return answer{}, problem.Parameter("to", fmt.Sprintf("is too far away: so many took part that the file would have over %d MB. Choose fewer days.", most>>20))
	}
	name := fmt.Sprintf("omnilink-%s-%s-%s.csv", c.activity(), c.text("from"), c.text("to"))
	return answer{raw: out.Bytes(), kind: "text/csv; charset=utf-8", file: name}, err
}

// maxExport bounds a file: a function's answer has at most 6 MB as text in JSON, in which
// some characters take two bytes.
const maxExport = 4 << 20

var errFull = errors.New("api: the file is full")

// file is one of bounded size.
type file struct {
	bytes.Buffer
	most int
}

func (f *file) Write(b []byte) (int, error) {
	if f.Len()+len(b) > f.most {
		return 0, errFull
	}
	return f.Buffer.Write(b)
}

// WriteString hides that of the buffer, which has no bound.
func (f *file) WriteString(s string) (int, error) { return f.Write([]byte(s)) }
