package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// TeamData is what a team says of itself. It stands in the team's record, beside its
// keys, which change without it.
type TeamData struct {
	Name     string
	Zone     string // IANA name of the time zone; "" = not set
	Language string // of what customers read; "" = not set
	Version  int    // 1 until it is first changed
}

// TeamData reads what a team says of itself, consistently. NotFound if there is no team.
func (st *Store) TeamData(ctx context.Context, team hub.TeamID) (TeamData, error) {
	it, err := st.config(ctx, "read team data", teamPK(team), teamSK, Strict)
	if err != nil {
		return TeamData{}, err
	}
	return TeamData{Name: str(it, "name"), Zone: str(it, "tz"), Language: str(it, "lang"), Version: int(num(it, "v")) + 1}, nil
}

// SetTeamData writes it over the version that was seen, which it raises. Conflict if
// another one stands, or if the deed's admin is none any more.
func (st *Store) SetTeamData(ctx context.Context, d Deed, seen int, to TeamData) error {
	stored := seen - 1 // none at first
	return st.do(ctx, "set team data", d, types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Config, Key: key(teamPK(d.Team), teamSK),
		UpdateExpression:         aws.String("SET #name=:name, tz=:tz, lang=:lang, v=:next"),
		ConditionExpression:      aws.String("attribute_exists(SK) AND " + atVersion(stored)),
		ExpressionAttributeNames: map[string]string{"#name": "name"},
		ExpressionAttributeValues: item{
			":name": s(to.Name), ":tz": s(to.Zone), ":lang": s(to.Language), ":v": n(stored), ":next": n(stored + 1),
		},
	}})
}
