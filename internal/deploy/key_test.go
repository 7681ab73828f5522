package deploy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// openers are the functions that open stored secrets, and so may decrypt the keys
// under which these are sealed.
var openers = []string{"API", "Erase", "Inbound", "Ingress", "LinkFollow", "Match", "Media", "Omnilink", "Outbound", "Profile", "TokenRefresh"}

func TestWrappingKeyRotatesAndIsKept(t *testing.T) {
	d := read(t)
	keys := d.of("AWS::KMS::Key")
	if len(keys) != 1 {
		t.Fatalf("got %d keys, want one", len(keys))
	}
	key := keys[0]
	for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
		if text(key.attributes, policy) != "Retain" {
			t.Errorf("%s: %s is not Retain", key.name, policy)
		}
	}
	if text(key.properties, "EnableKeyRotation") != "true" {
		t.Errorf("%s does not rotate", key.name)
	}
	// Only the account itself: its own policies, the roles, decide who uses the key.
	list := list(at(key.properties, "KeyPolicy", "Statement"))
	if len(list) != 1 || text(list[0], "Principal", "AWS") != "!Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:root" {
		t.Errorf("%s: got the policy %v, want the account and nobody else", key.name, list)
	}
	named := false
	for _, a := range d.of("AWS::KMS::Alias") {
		named = named || target(a.properties["TargetKeyId"]) == key.name
	}
	if !named {
		t.Errorf("%s has no alias for people", key.name)
	}
}

func TestOnlyFunctionsThatOpenSecretsMayDecrypt(t *testing.T) {
	d := read(t)
	key := d.of("AWS::KMS::Key")[0].name
	roles := map[string]string{} // functions by role
	var given []string
	for _, f := range d.of("AWS::Serverless::Function") {
		roles[target(f.properties["Role"])] = f.name
		if id := text(f.properties, "Environment", "Variables", "KEY_ID"); id != "" {
			given = append(given, f.name)
			if id != "!GetAtt "+key+".Arn" {
				t.Errorf("%s: got KEY_ID %s, want the key's ARN", f.name, id)
			}
		}
	}
	var may []string
	for _, s := range statements(d) {
		for _, action := range s.actions {
			if !strings.HasPrefix(action, "kms:") {
				continue
			}
			if action != "kms:Decrypt" || fmt.Sprint(s.resources) != "[!GetAtt "+key+".Arn]" {
				t.Errorf("%s may %s on %v, want no more than kms:Decrypt on the key", s.role, action, s.resources)
			}
			may = append(may, roles[s.role])
		}
	}
	slices.Sort(given)
	slices.Sort(may)
	if !slices.Equal(may, openers) || !slices.Equal(given, openers) {
		t.Errorf("%v may decrypt, and %v know the key; want %v", may, given, openers)
	}
}

func TestNoSecretIsAParameter(t *testing.T) {
	if d := read(t); strings.Contains(d.text, "NoEcho") {
		t.Error("a parameter holds a secret: it would stand in a function's environment")
	}
}
