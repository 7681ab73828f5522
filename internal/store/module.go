package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const (
	moduleMark = "MOD#"
	botsSK     = "BOTS"
)

// Bots reads the version of a team's modules and rules together, consistently: who writes
// one of them over what was read of others names it. 0 = nothing was ever written.
func (st *Store) Bots(ctx context.Context, team hub.TeamID) (int, error) {
	it, err := st.get(ctx, "read version of bots", st.Tables.Config, teamPK(team), botsSK, true)
	return int(num(it, "v")), err
}

// botsFrom raises the version of modules and rules that was seen, so that of two changes
// that lean on each other one comes after the other.
func (st *Store) botsFrom(team hub.TeamID, seen int) types.TransactWriteItem {
	cond, values := over(seen)
	if values == nil {
		values = item{}
	}
	values[":next"] = n(seen + 1)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Config, Key: key(teamPK(team), botsSK), UpdateExpression: aws.String("SET v=:next"),
		ConditionExpression: cond, ExpressionAttributeValues: values,
	}}
}

// namesModules is for who stores something that leads to modules, in the same transaction:
// each must be there, and none can be removed by somebody who has not seen this. Empty ids
// name none.
func (st *Store) namesModules(team hub.TeamID, ids ...hub.ModuleID) []types.TransactWriteItem {
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id hub.ModuleID) bool { return id == "" })
	if len(ids) == 0 {
		return nil
	}
	actions := []types.TransactWriteItem{{Update: &types.Update{
		TableName: &st.Tables.Config, Key: key(teamPK(team), botsSK), UpdateExpression: aws.String("ADD v :one"),
		ExpressionAttributeValues: item{":one": n(1)},
	}}}
	for _, id := range ids {
		actions = append(actions, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &st.Tables.Config, Key: key(teamPK(team), moduleSK(id)), ConditionExpression: aws.String("attribute_exists(SK)"),
		}})
	}
	return actions
}

// Module reads a module as it stands. NotFound if there is none.
func (st *Store) Module(ctx context.Context, team hub.TeamID, id hub.ModuleID, how Read) (hub.Module, error) {
	it, err := st.config(ctx, "read module", teamPK(team), moduleSK(id), how)
	if err != nil {
		return hub.Module{}, err
	}
	return readModule(it, id)
}

// ModuleAt reads a version of a module. NotFound if it is not kept, or never was.
func (st *Store) ModuleAt(ctx context.Context, team hub.TeamID, id hub.ModuleID, version int, how Read) (hub.Module, error) {
	it, err := st.config(ctx, "read version of module", teamPK(team), moduleVersionSK(id, version), how)
	if err != nil {
		return hub.Module{}, err
	}
	return readModule(it, id)
}

// Modules reads all modules of a team, consistently, by their ids.
func (st *Store) Modules(ctx context.Context, team hub.TeamID) ([]hub.Module, error) {
	items, err := st.queryAll(ctx, "list modules", st.Tables.Config, teamPK(team), moduleMark)
	if err != nil {
		return nil, err
	}
	list := make([]hub.Module, len(items))
	for i, it := range items {
		if list[i], err = readModule(it, hub.ModuleID(strings.TrimPrefix(str(it, skAttr), moduleMark))); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// ModuleVersions reads the versions of a module that are kept, consistently, the newest
// first.
func (st *Store) ModuleVersions(ctx context.Context, team hub.TeamID, id hub.ModuleID) ([]hub.Module, error) {
	items, err := st.queryAll(ctx, "list versions of module", st.Tables.Config, teamPK(team), moduleVersionMark(id))
	if err != nil {
		return nil, err
	}
	list := make([]hub.Module, len(items))
	for i, it := range items {
		if list[len(items)-1-i], err = readModule(it, id); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// SaveModule writes a module as it is to stand over the version before its own, keeps it
// as a version beside the last ones, and raises the version of bots that was seen: with
// the audit entry in one transaction. Conflict if one of them is another, or if the deed's
// admin is none any more.
func (st *Store) SaveModule(ctx context.Context, d Deed, bots int, m hub.Module) error {
	it, err := moduleItem(key(teamPK(d.Team), moduleSK(m.ID)), m)
	if err != nil {
		return err
	}
	kept, err := moduleItem(key(teamPK(d.Team), moduleVersionSK(m.ID, m.Version)), m)
	if err != nil {
		return err
	}
	cond, values := over(m.Version - 1)
	actions := []types.TransactWriteItem{
		st.botsFrom(d.Team, bots),
		{Put: &types.Put{TableName: &st.Tables.Config, Item: it, ConditionExpression: cond, ExpressionAttributeValues: values}},
		{Put: &types.Put{TableName: &st.Tables.Config, Item: kept}},
	}
	if old := m.Version - hub.ModuleVersions; old > 0 {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &st.Tables.Config, Key: key(teamPK(d.Team), moduleVersionSK(m.ID, old)),
		}})
	}
	return st.do(ctx, "save module", d, actions...)
}

// DeleteModule deletes a module of the version that was seen, with all that are kept
// beside it; else as SaveModule.
func (st *Store) DeleteModule(ctx context.Context, d Deed, bots int, seen hub.Module) error {
	cond, values := over(seen.Version)
	actions := []types.TransactWriteItem{
		st.botsFrom(d.Team, bots),
		{Delete: &types.Delete{
			TableName: &st.Tables.Config, Key: key(teamPK(d.Team), moduleSK(seen.ID)), ConditionExpression: cond, ExpressionAttributeValues: values,
		}},
	}
	for v := max(seen.Version-hub.ModuleVersions+1, 1); v <= seen.Version; v++ {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &st.Tables.Config, Key: key(teamPK(d.Team), moduleVersionSK(seen.ID, v)),
		}})
	}
	return st.do(ctx, "delete module", d, actions...)
}

func moduleItem(it item, m hub.Module) (item, error) {
	cards, err := json.Marshal(m.Cards)
	if err != nil {
		return nil, hub.E(hub.Internal, "store: save module", fmt.Errorf("the cards are no JSON"))
	}
	it["name"], it["chan"], it["cards"] = s(m.Name), s(string(m.Channel)), s(string(cards))
	it["v"], it["at"], it["ca"], it["by"] = n(m.Version), n(m.Created), n(m.Changed), s(m.By)
	return it, nil
}

func readModule(it item, id hub.ModuleID) (hub.Module, error) {
	m := hub.Module{
		ID: id, Name: str(it, "name"), Channel: hub.Channel(str(it, "chan")), Version: int(num(it, "v")),
		Created: millis(it, "at"), Changed: millis(it, "ca"), By: str(it, "by"),
	}
	if err := json.Unmarshal([]byte(str(it, "cards")), &m.Cards); err != nil {
		return m, hub.E(hub.Internal, "store: read module", fmt.Errorf("the cards are damaged"))
	}
	return m, nil
}
