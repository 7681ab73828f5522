package dynamo

import (
	"slices"
	"strings"
	"time"

	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/wire"
)

// definition is what a table is, beside its rows. It is stored as JSON.
type definition struct {
	Name, ID    string
	Created     time.Time
	Key         keySchema
	Indexes     []*index
	Billing     string
	Throughput  throughput
	Class       string
	SSE         *sseSpecification
	Tags        []tag
	Protected   bool
	Stream      int64 // id of the stream that is on, 0 for none
	LastStream  int64 // id of the newest stream, on or off
	TTL         string
	Backup      bool // point-in-time recovery is recorded as on
	BackupDays  int
	PerIndexTPS map[string]throughput `json:",omitempty"`
}

// attributes are the definitions that keys are checked against.
type attributes map[string]attr.Kind

func readAttributes(defs []attributeDefinition) (attributes, error) {
	kinds := attributes{}
	for _, d := range defs {
		if err := checkKeyName("attributeDefinitions.member.attributeName", d.AttributeName); err != nil {
			return nil, err
		}
		kind := attr.KindOf(d.AttributeType)
		if kind != attr.S && kind != attr.N && kind != attr.B {
			return nil, oneOf("attributeDefinitions.member.attributeType", d.AttributeType+" ", "B", "N", "S")
		}
		if _, twice := kinds[d.AttributeName]; twice {
			return nil, wire.Validation("One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %s", d.AttributeName)
		}
		kinds[d.AttributeName] = kind
	}
	return kinds, nil
}

// key reads a key schema: a HASH element, then perhaps a RANGE element.
func (kinds attributes) key(elements []keyElement) (keySchema, error) {
	var k keySchema
	if len(elements) == 0 || len(elements) > 2 {
		return k, wire.Validation("1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have length between 1 and 2")
	}
	for i, element := range elements {
		if want := []string{"HASH", "RANGE"}[i]; element.KeyType != want {
			return k, wire.Validation("Invalid KeySchema: the key element %d must have the KeyType %s", i+1, want)
		}
		if err := checkKeyName("keySchema.member.attributeName", element.AttributeName); err != nil {
			return k, err
		}
		kind, ok := kinds[element.AttributeName]
		if !ok {
			return k, wire.Validation("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s]", element.AttributeName)
		}
		if i == 0 {
			k.Hash = keyAttribute{element.AttributeName, kind}
		} else {
			k.Sort = keyAttribute{element.AttributeName, kind}
		}
	}
	if k.Hash.Name == k.Sort.Name {
		return k, wire.Validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	}
	return k, nil
}

// index reads the definition of an index of a table.
func (kinds attributes) index(in *indexRequest, table *keySchema) (*index, error) {
	if err := checkName("indexName", in.IndexName); err != nil {
		return nil, err
	}
	key, err := kinds.key(in.KeySchema)
	if err != nil {
		return nil, err
	}
	x := &index{Name: in.IndexName, Key: key, Projection: in.Projection.ProjectionType, Include: in.Projection.NonKeyAttributes}
	switch x.Projection {
	case "ALL", "KEYS_ONLY":
		if len(x.Include) > 0 {
			return nil, wire.Validation("One or more parameter values were invalid: ProjectionType is %s, but NonKeyAttributes is specified", x.Projection)
		}
	case "INCLUDE":
		if len(x.Include) == 0 || len(x.Include) > 100 {
			return nil, wire.Validation("One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
		}
	case "":
		return nil, wire.Validation("One or more parameter values were invalid: Unknown ProjectionType: null")
	default:
		return nil, oneOf("projection.projectionType", x.Projection, "ALL", "INCLUDE", "KEYS_ONLY")
	}
	for _, name := range x.Include {
		if err := checkKeyName("projection.nonKeyAttributes.member", name); err != nil {
			return nil, err
		}
	}
	x.prepare(table)
	return x, nil
}

// checkKeyName refuses the name of an attribute that a table's definition cannot
// bear: keys, what indexes include, and the time to live.
func checkKeyName(member, name string) error {
	switch {
	case name == "":
		return wire.Validation("1 validation error detected: Value '' at '%s' failed to satisfy constraint: Member must have length greater than or equal to 1", member)
	case len(name) > 255:
		return wire.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to 255", name, member)
	}
	return nil
}

// define turns a CreateTable into a definition.
func define(in *createTableRequest) (definition, error) {
	d := definition{Name: in.TableName, Billing: in.BillingMode, Class: in.TableClass, SSE: in.SSESpecification,
		Tags: in.Tags, Protected: in.DeletionProtectionEnabled}
	for _, err := range []error{
		oneOf("billingMode", in.BillingMode, "PROVISIONED", "PAY_PER_REQUEST"),
		oneOf("tableClass", in.TableClass, "STANDARD", "STANDARD_INFREQUENT_ACCESS"),
		checkView(in.StreamSpecification),
	} {
		if err != nil {
			return d, err
		}
	}
	if d.Billing == "" {
		d.Billing = "PROVISIONED"
	}
	if in.ProvisionedThroughput != nil {
		if d.Billing == "PAY_PER_REQUEST" {
			return d, wire.Validation("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		d.Throughput = *in.ProvisionedThroughput
	} else if d.Billing == "PROVISIONED" {
		return d, wire.Validation("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	kinds, err := readAttributes(in.AttributeDefinitions)
	if err != nil {
		return d, err
	}
	if d.Key, err = kinds.key(in.KeySchema); err != nil {
		return d, err
	}
	if in.GlobalSecondaryIndexes != nil && len(in.GlobalSecondaryIndexes) == 0 {
		return d, wire.Validation("One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty")
	}
	for i := range in.GlobalSecondaryIndexes {
		if err := d.addIndex(kinds, &in.GlobalSecondaryIndexes[i]); err != nil {
			return d, err
		}
	}
	used := d.keyKinds()
	for name := range kinds {
		if _, ok := used[name]; !ok {
			return d, wire.Validation("One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]",
				strings.Join(sortedNames(kinds), ", "), strings.Join(sortedNames(used), ", "))
		}
	}
	return d, nil
}

// Limits of a table: its indexes, and what they include by name, taken together.
const (
	maxIndexes  = 20
	maxIncluded = 100
)

func (d *definition) addIndex(kinds attributes, in *indexRequest) error {
	x, err := kinds.index(in, &d.Key)
	if err != nil {
		return err
	}
	if d.index(x.Name) != nil {
		return wire.Validation("One or more parameter values were invalid: Duplicate index name: %s", x.Name)
	}
	if len(d.Indexes) == maxIndexes {
		return wire.Validation("One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of 20")
	}
	included := len(x.Include)
	for _, other := range d.Indexes {
		included += len(other.Include)
	}
	if included > maxIncluded {
		return wire.Errorf("LimitExceededException", "Subscriber limit exceeded: Number of non-key attributes in all indexes exceeds the per-table limit of %d", maxIncluded)
	}
	if in.ProvisionedThroughput != nil {
		if d.PerIndexTPS == nil {
			d.PerIndexTPS = map[string]throughput{}
		}
		d.PerIndexTPS[x.Name] = *in.ProvisionedThroughput
	}
	d.Indexes = append(d.Indexes, x)
	return nil
}

func (d *definition) index(name string) *index {
	for _, x := range d.Indexes {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// keyKinds are the attributes of all keys with their types.
func (d *definition) keyKinds() attributes {
	kinds := attributes{}
	note := func(a keyAttribute, _ int) error {
		kinds[a.Name] = a.Kind
		return nil
	}
	_ = d.Key.each(note)
	for _, x := range d.Indexes {
		_ = x.Key.each(note)
	}
	return kinds
}

func sortedNames(kinds attributes) []string {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func checkView(s *streamSpecification) error {
	switch {
	case s == nil:
		return nil
	case s.StreamEnabled && s.StreamViewType == "":
		return wire.Validation("One or more parameter values were invalid: StreamViewType is required when StreamEnabled is true")
	case !s.StreamEnabled && s.StreamViewType != "":
		return wire.Validation("One or more parameter values were invalid: StreamViewType must not be specified when StreamEnabled is false")
	}
	return oneOf("streamSpecification.streamViewType", s.StreamViewType, "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")
}
