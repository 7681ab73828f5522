// Package kms is the little of AWS KMS that the local cloud offers: symmetric keys
// with aliases, which encrypt, decrypt and make data keys. Key material is random
// and lies beside the rest of the local cloud's state, so it protects nothing.
package kms

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

// Config is what an engine needs.
type Config struct {
	Disk            *disk.Store // nil keeps everything in memory
	Clock           wire.Clock  // nil is time.Now
	Region, Account string
}

// Engine holds the keys of one account in one region.
type Engine struct {
	cfg Config

	mu      sync.Mutex
	keys    map[string]*key
	aliases map[string]string // ids of keys by name
}

type key struct {
	ID          string
	Description string
	Created     time.Time
	Material    []byte
}

const (
	diskKeys    = "kms.keys"
	diskAliases = "kms.aliases"
	symmetric   = "SYMMETRIC_DEFAULT"
)

// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
var aliasName = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`)

// Open loads the keys from the disk.
func Open(cfg Config) (*Engine, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	e := &Engine{cfg: cfg, keys: map[string]*key{}, aliases: map[string]string{}}
	err := cfg.Disk.Load(diskKeys, func(id, value []byte) error {
		k := new(key)
		e.keys[string(id)] = k
		return json.Unmarshal(value, k)
	})
	if err == nil {
		err = cfg.Disk.Load(diskAliases, func(name, id []byte) error {
			e.aliases[string(name)] = string(id)
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("kms: open: %w", err)
	}
	return e, nil
}

var operations = map[string]func(*Engine, *wire.Request) (any, []disk.Op, error){
	"CreateKey":       (*Engine).createKey,
	"DescribeKey":     (*Engine).describeKey,
	"CreateAlias":     (*Engine).createAlias,
	"ListAliases":     (*Engine).listAliases,
	"Encrypt":         (*Engine).encrypt,
	"Decrypt":         (*Engine).decrypt,
	"GenerateDataKey": (*Engine).generateDataKey,
}

// Knows tells whether the service has an operation here.
func (e *Engine) Knows(operation string) bool { return operations[operation] != nil }

// Do runs one operation, and answers when what it changed or saw is on disk.
func (e *Engine) Do(r *wire.Request) (any, error) {
	run := operations[r.Operation]
	if run == nil {
		return nil, wire.Unsupported("the KMS operation %s", r.Operation)
	}
	out, ticket, err := func() (any, disk.Ticket, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		out, ops, err := run(e, r)
		return out, e.cfg.Disk.Append(ops...), err
	}()
	if failed := ticket.Wait(); failed != nil {
		return nil, fmt.Errorf("kms: write: %w", failed)
	}
	return out, err
}

func (e *Engine) arn(rest string) string {
	return "arn:aws:kms:" + e.cfg.Region + ":" + e.cfg.Account + ":" + rest
}

// find is the key that an id, a key ARN, an alias name or an alias ARN names, if
// the caller may do action with it.
func (e *Engine) find(r *wire.Request, id, action string) (*key, error) {
	if err := size("keyId", len(id), 2048); err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(id, e.arn(""))
	if strings.HasPrefix(name, "arn:") {
		return nil, wire.Errorf("NotFoundException", "Invalid arn %s", id)
	}
	if strings.HasPrefix(name, "alias/") {
		target, there := e.aliases[name]
		if !there {
			return nil, wire.Errorf("NotFoundException", "Alias %s is not found.", e.arn(name))
		}
		name = target
	} else if name != id { // an ARN
		name = strings.TrimPrefix(name, "key/")
	}
	k := e.keys[name]
	if k == nil {
		return nil, wire.Errorf("NotFoundException", "Key '%s' does not exist", e.arn("key/"+name))
	}
	r.Resource = k.ID
	return k, r.Allow(action, e.arn("key/"+k.ID))
}

// createKey makes a key that encrypts and decrypts.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
func (e *Engine) createKey(r *wire.Request) (any, []disk.Op, error) {
	in := struct{ Description, KeySpec, KeyUsage string }{KeySpec: symmetric, KeyUsage: "ENCRYPT_DECRYPT"}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	if in.KeySpec != symmetric || in.KeyUsage != "ENCRYPT_DECRYPT" {
		return nil, nil, wire.Unsupported("keys of the spec %s for %s", in.KeySpec, in.KeyUsage)
	}
	if err := r.Allow("kms:CreateKey", "*"); err != nil {
		return nil, nil, err
	}
	id := random(16)
	id[6], id[8] = id[6]&0x0F|0x40, id[8]&0x3F|0x80 // a UUID of version 4
	k := &key{fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]), in.Description, e.cfg.Clock().UTC(), random(32)}
	r.Resource = k.ID
	value, err := json.Marshal(k)
	if err != nil {
		return nil, nil, err
	}
	e.keys[k.ID] = k
	return e.metadata(k), []disk.Op{{Bucket: diskKeys, Key: []byte(k.ID), Value: value}}, nil
}

// describeKey tells what a key is.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
func (e *Engine) describeKey(r *wire.Request) (any, []disk.Op, error) {
	var in struct{ KeyId string }
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	k, err := e.find(r, in.KeyId, "kms:DescribeKey")
	if err != nil {
		return nil, nil, err
	}
	return e.metadata(k), nil, nil
}

func (e *Engine) metadata(k *key) any {
	return map[string]any{"KeyMetadata": map[string]any{
		"AWSAccountId": e.cfg.Account, "KeyId": k.ID, "Arn": e.arn("key/" + k.ID), "CreationDate": k.Created.Unix(),
		"Description": k.Description, "Enabled": true, "KeyState": "Enabled", "KeyManager": "CUSTOMER", "Origin": "AWS_KMS",
		"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": symmetric, "CustomerMasterKeySpec": symmetric,
		"EncryptionAlgorithms": []string{symmetric}, "MultiRegion": false,
	}}
}

// createAlias gives a key a name that no other has.
func (e *Engine) createAlias(r *wire.Request) (any, []disk.Op, error) {
	var in struct{ AliasName, TargetKeyId string }
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	if !aliasName.MatchString(in.AliasName) || strings.HasPrefix(in.AliasName, "alias/aws/") {
		return nil, nil, wire.Validation("Invalid identifier")
	}
	if strings.Contains(in.TargetKeyId, "alias/") {
		return nil, nil, wire.Validation("Aliases must refer to keys. Not aliases")
	}
	k, err := e.find(r, in.TargetKeyId, "kms:CreateAlias")
	if err == nil {
		err = r.Allow("kms:CreateAlias", e.arn(in.AliasName))
	}
	if err == nil && e.aliases[in.AliasName] != "" {
		err = wire.Errorf("AlreadyExistsException", "An alias with the name %s already exists", e.arn(in.AliasName))
	}
	if err != nil {
		return nil, nil, err
	}
	e.aliases[in.AliasName] = k.ID
	return wire.Raw(nil), []disk.Op{{Bucket: diskAliases, Key: []byte(in.AliasName), Value: []byte(k.ID)}}, nil
}

// listAliases answers all aliases, or those of one key, by name, in one page.
func (e *Engine) listAliases(r *wire.Request) (any, []disk.Op, error) {
	var in struct{ KeyId string }
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	err := r.Allow("kms:ListAliases", "*")
	if err == nil && in.KeyId != "" {
		var k *key
		if k, err = e.find(r, in.KeyId, "kms:ListAliases"); err == nil {
			in.KeyId = k.ID
		}
	}
	if err != nil {
		return nil, nil, err
	}
	listed := []map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(e.aliases)) {
		if id := e.aliases[name]; in.KeyId == "" || id == in.KeyId {
			listed = append(listed, map[string]string{"AliasName": name, "AliasArn": e.arn(name), "TargetKeyId": id})
		}
	}
	return map[string]any{"Aliases": listed, "Truncated": false}, nil, nil
}
