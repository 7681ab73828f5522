package team

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"time"
	_ "time/tzdata" // the same zones wherever the hub runs; 450 KB of each program

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

const (
	// DefaultZone and DefaultLanguage hold for a team that has set none.
	DefaultZone     = "Asia/Taipei"
	DefaultLanguage = "zh-TW"
)

// Languages are those in which the hub itself speaks to customers.
func Languages() []string { return []string{"zh-TW", "zh-CN", "en"} }

// DataPatch changes the fields that are not nil.
type DataPatch struct {
	Name     *string // 1 to 200 characters
	Zone     *string // an IANA name: "Asia/Taipei"
	Language *string // one of Languages
}

// Data is what a team says of itself, with defaults where it has set nothing.
func (o *Office) Data(ctx context.Context, team hub.TeamID) (store.TeamData, error) {
	d, err := o.Store.TeamData(ctx, team)
	if err != nil {
		return d, err
	}
	d.Zone, d.Language = cmp.Or(d.Zone, DefaultZone), cmp.Or(d.Language, DefaultLanguage)
	return d, nil
}

// PatchData changes it. Version is the one that has to stand; 0 = any. Errors: BadRequest with
// Invalid, NotFound, Refused with ErrNotAdmin or ErrVersion, Conflict.
func (o *Office) PatchData(ctx context.Context, team hub.TeamID, by hub.Actor, version int, p DataPatch) (store.TeamData, error) {
	var to store.TeamData
	err := o.change(ctx, team, by, "team.patch", func(a act) error {
		seen, err := o.Data(ctx, team)
		if err != nil {
			return err
		}
		if version != 0 && seen.Version != version {
			return forbid("change team data", ErrVersion)
		}
		if to, err = p.over(seen); err != nil || to == seen {
			return err
		}
		to.Version++
		return o.Store.SetTeamData(ctx, a.deed(ctx, "team", to.Version, told(seen), told(to)), seen.Version, to)
	})
	return to, err
}

func told(d store.TeamData) map[string]string {
	return map[string]string{"name": d.Name, "zone": d.Zone, "language": d.Language}
}

func (p DataPatch) over(d store.TeamData) (store.TeamData, error) {
	if p.Name != nil {
		name, err := line("name", *p.Name, maxName)
		if err == nil && name == "" {
			err = invalid("name", "is missing")
		}
		if err != nil {
			return d, err
		}
		d.Name = name
	}
	if p.Zone != nil {
		if !knownZone(*p.Zone) {
			return d, invalid("time_zone", "is no name of the time zone database, as Asia/Taipei is one")
		}
		d.Zone = *p.Zone
	}
	if p.Language != nil {
		if !slices.Contains(Languages(), *p.Language) {
			return d, invalid("language", "is one of %v", Languages())
		}
		d.Language = *p.Language
	}
	return d, nil
}

// zoneForm keeps out what LoadLocation takes beside the names: "", "Local" by the machine,
// and the folders posix and right of some machines.
var zoneForm = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}$`)

func knownZone(name string) bool {
	if name == "Local" || len(name) > 64 || !zoneForm.MatchString(name) {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
