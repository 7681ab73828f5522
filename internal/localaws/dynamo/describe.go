package dynamo

import "time"

// members are the members of an answer that is rare enough for encoding/json.
type members = map[string]any

// seconds is a time as the wire has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (k *keySchema) describe() []keyElement {
	elements := []keyElement{{k.Hash.Name, "HASH"}}
	if k.Sort.Name != "" {
		elements = append(elements, keyElement{k.Sort.Name, "RANGE"})
	}
	return elements
}

func (t *throughput) describe() members {
	return members{"ReadCapacityUnits": t.ReadCapacityUnits, "WriteCapacityUnits": t.WriteCapacityUnits, "NumberOfDecreasesToday": 0}
}

// describe is the TableDescription. Hold a lock.
func (e *Engine) describe(t *table, status string) members {
	out := members{
		"TableName": t.Name, "TableId": t.ID, "TableArn": e.tableARN(t.Name), "TableStatus": status,
		"CreationDateTime": seconds(t.Created), "KeySchema": t.Key.describe(),
		"ItemCount": t.rows.count, "TableSizeBytes": t.bytes,
		"ProvisionedThroughput": t.Throughput.describe(), "DeletionProtectionEnabled": t.Protected,
	}
	kinds := t.keyKinds()
	var defs []attributeDefinition
	for _, name := range sortedNames(kinds) {
		defs = append(defs, attributeDefinition{name, kinds[name].String()})
	}
	out["AttributeDefinitions"] = defs
	if t.Billing == "PAY_PER_REQUEST" {
		out["BillingModeSummary"] = members{"BillingMode": t.Billing, "LastUpdateToPayPerRequestDateTime": seconds(t.Created)}
	}
	if t.Class != "" {
		out["TableClassSummary"] = members{"TableClass": t.Class}
	}
	if t.SSE != nil && t.SSE.Enabled {
		out["SSEDescription"] = members{"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": t.SSE.KMSMasterKeyId}
	}
	if s := e.newestStream(t); s != nil {
		out["LatestStreamLabel"], out["LatestStreamArn"] = s.Label, s.arn
		if s.on() {
			out["StreamSpecification"] = streamSpecification{true, s.View}
		}
	}
	var indexes []members
	for _, x := range t.Indexes {
		tps := t.PerIndexTPS[x.Name]
		indexes = append(indexes, members{
			"IndexName": x.Name, "IndexArn": e.tableARN(t.Name) + "/index/" + x.Name, "IndexStatus": "ACTIVE",
			"KeySchema": x.Key.describe(), "Projection": projection{x.Projection, x.Include},
			"ProvisionedThroughput": tps.describe(), "ItemCount": x.rows.count,
		})
	}
	if indexes != nil {
		out["GlobalSecondaryIndexes"] = indexes
	}
	return out
}
