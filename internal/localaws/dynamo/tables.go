package dynamo

import (
	"fmt"
	"slices"
	"strconv"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/wire"
)

// nextID gives a number to a table or stream. Hold the writer lock.
func (e *Engine) nextID() int64 {
	e.lastID++
	return e.lastID
}

func (c *call) createTable(in *createTableRequest) (any, error) {
	name, err := c.allowed("CreateTable", in.TableName, "")
	if err != nil {
		return nil, err
	}
	in.TableName = name
	d, err := define(in)
	if err != nil {
		return nil, err
	}
	var answer any
	e := c.e
	err = c.writing(func() error {
		if e.tables[name] != nil {
			return wire.Errorf("ResourceInUseException", "Table already exists: %s", name)
		}
		d.ID = tableID(e.nextID(), e.cfg.Account+e.cfg.Region+name)
		d.Created = e.now().UTC()
		t := &table{definition: d}
		e.tables[name] = t
		ops := e.setStream(t, in.StreamSpecification)
		e.cfg.Disk.Append(append(ops, e.save(t))...)
		answer = members{"TableDescription": e.describe(t, "ACTIVE")}
		return nil
	})
	return answer, err
}

// tableID is unique per table ever created, in the form of a UUID.
func tableID(id int64, seed string) string {
	h, g := hash64(seed+strconv.FormatInt(id, 10)), hash64(seed)
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(h>>32), uint16(h>>16), h&0xfff, g&0xfff, id)
}

// onTable runs do with the table that a request names, after the permission check.
func (c *call) onTable(action, name string, write bool, do func(t *table) (any, error)) (any, error) {
	name, err := c.allowed(action, name, "")
	if err != nil {
		return nil, err
	}
	var answer any
	locked := c.reading
	if write {
		locked = c.writing
	}
	err = locked(func() error {
		t := c.e.tables[name]
		if t == nil {
			return wire.Errorf("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
		}
		answer, err = do(t)
		return err
	})
	return answer, err
}

func (c *call) describeTable(in *tableRequest) (any, error) {
	return c.onTable("DescribeTable", in.TableName, false, func(t *table) (any, error) {
		return members{"Table": c.e.describe(t, "ACTIVE")}, nil
	})
}

func (c *call) deleteTable(in *tableRequest) (any, error) {
	return c.onTable("DeleteTable", in.TableName, true, func(t *table) (any, error) {
		e := c.e
		if t.Protected {
			return nil, wire.Validation("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
		}
		ops := e.setStream(t, &streamSpecification{})
		ops = append(ops, disk.Op{Bucket: bucketTables, Key: []byte(t.Name)})
		t.rows.walk("", "", false, func(key string, _ *row) bool {
			ops = append(ops, disk.Op{Bucket: t.bucket(), Key: []byte(key)})
			return true
		})
		delete(e.tables, t.Name)
		e.cfg.Disk.Append(ops...)
		return members{"TableDescription": e.describe(t, "DELETING")}, nil
	})
}

func (c *call) listTables(in *listTablesRequest) (any, error) {
	limit := 100
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > 100 {
		return nil, wire.Validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
	}
	if err := c.Allow("dynamodb:ListTables", "*"); err != nil {
		return nil, err
	}
	answer := members{}
	err := c.reading(func() error {
		names := make([]string, 0, len(c.e.tables))
		for name := range c.e.tables {
			if name > in.ExclusiveStartTableName {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if len(names) > limit {
			names = names[:limit]
			answer["LastEvaluatedTableName"] = names[limit-1]
		}
		answer["TableNames"] = names
		return nil
	})
	return answer, err
}

func (c *call) updateTable(in *updateTableRequest) (any, error) {
	for _, err := range []error{
		oneOf("billingMode", in.BillingMode, "PROVISIONED", "PAY_PER_REQUEST"),
		oneOf("tableClass", in.TableClass, "STANDARD", "STANDARD_INFREQUENT_ACCESS"),
		checkView(in.StreamSpecification),
	} {
		if err != nil {
			return nil, err
		}
	}
	return c.onTable("UpdateTable", in.TableName, true, func(t *table) (any, error) {
		e := c.e
		if s := in.StreamSpecification; s != nil && s.StreamEnabled == (t.stream != nil) {
			if s.StreamEnabled {
				return nil, wire.Errorf("ResourceInUseException", "Table already has an enabled stream: TableName: %s", t.Name)
			}
			return nil, wire.Validation("Table is already disabled for stream: TableName: %s", t.Name)
		}
		if err := t.updateIndexes(in); err != nil {
			return nil, err
		}
		if in.BillingMode != "" {
			t.Billing, t.Throughput = in.BillingMode, throughput{}
		}
		if in.ProvisionedThroughput != nil {
			t.Throughput = *in.ProvisionedThroughput
		}
		if in.SSESpecification != nil {
			t.SSE = in.SSESpecification
		}
		if in.TableClass != "" {
			t.Class = in.TableClass
		}
		if in.DeletionProtectionEnabled != nil {
			t.Protected = *in.DeletionProtectionEnabled
		}
		var ops []disk.Op
		if in.StreamSpecification != nil {
			ops = e.setStream(t, in.StreamSpecification)
		}
		e.cfg.Disk.Append(append(ops, e.save(t))...)
		return members{"TableDescription": e.describe(t, "ACTIVE")}, nil
	})
}

// updateIndexes makes or drops the one index that the request may name.
func (t *table) updateIndexes(in *updateTableRequest) error {
	if len(in.GlobalSecondaryIndexUpdates) == 0 {
		return nil
	}
	update := in.GlobalSecondaryIndexUpdates[0]
	if len(in.GlobalSecondaryIndexUpdates) > 1 || (update.Create == nil) == (update.Delete == nil) {
		return wire.Errorf("LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")
	}
	if update.Delete != nil {
		name := update.Delete.IndexName
		if t.index(name) == nil {
			return wire.Errorf("ResourceNotFoundException", "Requested resource not found")
		}
		t.Indexes = slices.DeleteFunc(t.Indexes, func(x *index) bool { return x.Name == name })
		delete(t.PerIndexTPS, name)
		return nil
	}
	kinds, err := readAttributes(in.AttributeDefinitions)
	if err != nil {
		return err
	}
	for name, kind := range t.keyKinds() {
		if other, ok := kinds[name]; ok && other != kind {
			return wire.Validation("One or more parameter values were invalid: the type of the key attribute %s cannot change", name)
		}
		kinds[name] = kind
	}
	if err := t.addIndex(kinds, update.Create); err != nil {
		return err
	}
	x := t.Indexes[len(t.Indexes)-1]
	t.rows.walk("", "", false, func(key string, r *row) bool {
		if entry, ok := x.entry(attr.Decode(r.data), key); ok {
			x.rows.put(entry, r)
		}
		return true
	})
	return nil
}

func (c *call) updateTTL(in *updateTTLRequest) (any, error) {
	return c.onTable("UpdateTimeToLive", in.TableName, true, func(t *table) (any, error) {
		spec := in.TimeToLiveSpecification
		switch {
		case spec.AttributeName == "":
			return nil, wire.Validation("1 validation error detected: Value null at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must not be null")
		case len(spec.AttributeName) > 255:
			return nil, checkKeyName("timeToLiveSpecification.attributeName", spec.AttributeName)
		case spec.Enabled && t.TTL != "":
			return nil, wire.Validation("TimeToLive is already enabled")
		case !spec.Enabled && t.TTL == "":
			return nil, wire.Validation("TimeToLive is already disabled")
		case !spec.Enabled && t.TTL != spec.AttributeName:
			return nil, wire.Validation("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTL)
		}
		t.TTL, t.expiry = "", ordered{}
		if spec.Enabled {
			t.TTL = spec.AttributeName
			t.rows.walk("", "", false, func(key string, r *row) bool {
				if due, ok := t.expiryKey(attr.Decode(r.data), key); ok {
					t.expiry.put(due, r)
				}
				return true
			})
		}
		c.e.cfg.Disk.Append(c.e.save(t))
		return members{"TimeToLiveSpecification": members{"AttributeName": spec.AttributeName, "Enabled": spec.Enabled}}, nil
	})
}

func (c *call) describeTTL(in *tableRequest) (any, error) {
	return c.onTable("DescribeTimeToLive", in.TableName, false, func(t *table) (any, error) {
		d := members{"TimeToLiveStatus": "DISABLED"}
		if t.TTL != "" {
			d = members{"TimeToLiveStatus": "ENABLED", "AttributeName": t.TTL}
		}
		return members{"TimeToLiveDescription": d}, nil
	})
}

func (c *call) updateBackups(in *updateBackupsRequest) (any, error) {
	return c.onTable("UpdateContinuousBackups", in.TableName, true, func(t *table) (any, error) {
		spec := in.PointInTimeRecoverySpecification
		if spec.RecoveryPeriodInDays < 0 || spec.RecoveryPeriodInDays > 35 {
			return nil, wire.Validation("1 validation error detected: Value '%d' at 'recoveryPeriodInDays' failed to satisfy constraint: Member must have value between 1 and 35", spec.RecoveryPeriodInDays)
		}
		if t.Backup, t.BackupDays = spec.PointInTimeRecoveryEnabled, spec.RecoveryPeriodInDays; t.Backup && t.BackupDays == 0 {
			t.BackupDays = 35
		}
		c.e.cfg.Disk.Append(c.e.save(t))
		return t.backups(), nil
	})
}

func (c *call) describeBackups(in *tableRequest) (any, error) {
	return c.onTable("DescribeContinuousBackups", in.TableName, false, func(t *table) (any, error) {
		return t.backups(), nil
	})
}

func (t *table) backups() members {
	d := members{"PointInTimeRecoveryStatus": "DISABLED"}
	if t.Backup {
		d = members{"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": t.BackupDays}
	}
	return members{"ContinuousBackupsDescription": members{"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": d}}
}
