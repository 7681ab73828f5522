package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/channel/fake"
	"omnihub/internal/devserver/build"
	"omnihub/internal/devserver/demoteam"
	"omnihub/internal/devserver/jwt"
	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/provision"
	"omnihub/internal/devserver/schedule"
	"omnihub/internal/devserver/source"
	"omnihub/internal/devserver/template"
	"omnihub/internal/localaws/pattern"
)

// checkSources refuses issuers, schedules, filters and patterns that AWS would refuse.
func checkSources(m *template.Model) error {
	for _, a := range m.API.Authorizers {
		if a.JWT == nil {
			continue
		}
		if err := jwt.CheckIssuer(a.JWT.Issuer); err != nil {
			return fmt.Errorf("devserver: authorizer %s: %w", a.Name, err)
		}
	}
	for _, f := range m.Functions {
		for _, s := range f.Schedules {
			if _, err := schedule.Parse(s.Expression, s.Zone); err != nil {
				return fmt.Errorf("devserver: %s: event %s: %w", f.ID, s.Event, err)
			}
		}
		for _, s := range f.Streams {
			if _, err := compile(s.Filters); err != nil {
				return fmt.Errorf("devserver: %s: event %s: %w", f.ID, s.Event, err)
			}
		}
	}
	for _, r := range m.Rules {
		if _, err := pattern.Compile(r.Pattern); err != nil {
			return fmt.Errorf("devserver: rule %s, line %d: %w", r.ID, r.Line, err)
		}
	}
	return nil
}

// compile reads the filters of a source.
func compile(texts []string) ([]*pattern.Pattern, error) {
	var out []*pattern.Pattern
	for _, t := range texts {
		p, err := pattern.CompileFilter(t)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (m *machine) s3() *s3.Client {
	return s3.NewFromConfig(m.awsConfig, func(o *s3.Options) { o.UsePathStyle = true })
}

// provision makes tables, queues, buckets, keys, buses and rules, and resolves the template again with
// what is known of them now.
func (m *machine) provision(ctx context.Context) error {
	clients := provision.Clients{DynamoDB: dynamodb.NewFromConfig(m.awsConfig), SQS: sqs.NewFromConfig(m.awsConfig), S3: m.s3(),
		KMS: kms.NewFromConfig(m.awsConfig), Events: eventbridge.NewFromConfig(m.awsConfig)}
	known, err := provision.Apply(ctx, clients, m.model)
	if err != nil {
		return err
	}
	if m.model, err = m.document.Resolve(m.options(known)); err != nil {
		return err
	}
	m.streams = map[string]string{}
	for _, t := range m.model.Tables {
		m.streams[t.ID] = known[t.ID+".StreamArn"]
	}
	if m.shuffle != nil {
		for _, q := range m.model.Queues {
			if q.Shuffled && !m.model.IsDeadLetter(q.ARN) {
				if err := m.cloud.SQS().SetShuffle(q.Name, *m.shuffle, 0.1); err != nil {
					return err
				}
			}
		}
	}
	if err := checkRoles(m.model, m.streams); err != nil {
		return err
	}
	m.guard.use(m.model)
	return nil
}

// tellBuild says how a build went.
func (m *machine) tellBuild(o build.Outcome) {
	seconds := fmt.Sprintf("%.1f", o.Took.Seconds())
	switch {
	case o.Err != nil:
		m.log.Block(short(o.ID), "", "could not be built: "+o.Err.Error(), strings.Split(o.Output, "\n"))
	case o.Reused:
		m.log.Info(short(o.ID), "built before")
	case o.Changed:
		m.log.Info(short(o.ID), "built", "seconds", seconds)
	default:
		m.log.Info(short(o.ID), "unchanged", "seconds", seconds)
	}
}

// configuration is what a function's processes start with now.
func (m *machine) configuration(f *template.Function) lambda.Config {
	dir := m.builder.Dir + string(os.PathSeparator) + f.ID
	variables := maps.Clone(f.Environment)
	for name, v := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": f.Name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": fmt.Sprint(f.Memory),
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + f.Name, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
		"AWS_ACCESS_KEY_ID": f.ID, "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL": m.urls.AWS,
		"LAMBDA_TASK_ROOT": dir, "_HANDLER": "bootstrap", "TZ": ":UTC", "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": dir,
		"GOMEMLIMIT": fmt.Sprintf("%dMiB", f.Memory), "CLOCK_OFFSET": m.clock.Offset().String(), "PLATFORM_URL": m.urls.Platform,
	} {
		variables[name] = v
	}
	if m.chaotic() {
		variables["FAILPOINT_URL"] = m.urls.API + failpointPath + short(f.ID)
	}
	c := lambda.Config{ID: f.ID, Label: short(f.ID), ARN: f.ARN, Dir: dir, Timeout: f.Timeout, Limit: f.Concurrency}
	for name, v := range variables {
		c.Environment = append(c.Environment, name+"="+v)
	}
	return c
}

// wire makes the functions and the sources that feed them.
func (m *machine) wire() error {
	path := m.state.file("checkpoints.json")
	if m.memory {
		path = ""
	}
	var err error
	if m.checkpoints, err = source.OpenCheckpoints(path, func(err error) {
		m.log.Error("devserver", "checkpoints were not kept", "error", err)
	}); err != nil {
		return err
	}
	if err := m.checkpoints.Torn(); err != nil {
		m.log.Warn("devserver", err.Error())
	}
	m.host = lambda.NewHost(m.log)
	m.host.Faults = &m.faults
	m.functions = map[string]*lambda.Function{}
	m.timetable = &source.Timetable{Account: account, Region: region, Now: m.clock.Now, Log: m.log, Keep: m.send}
	for i := range m.model.Functions {
		f := &m.model.Functions[i]
		function := m.host.Add(m.configuration(f))
		m.functions[f.ID] = function
		for _, s := range f.Queues {
			m.addQueue(f, s, function)
		}
		for _, s := range f.Streams {
			if err := m.addStream(f, s, function); err != nil {
				return err
			}
		}
		for _, s := range f.Schedules {
			if err := m.timetable.Add(f, s, function); err != nil {
				return err
			}
		}
	}
	m.sources.Add(m.timetable)
	return nil
}

// send puts a message on the standard queue with the ARN.
func (m *machine) send(ctx context.Context, queueARN, body string) error {
	q := m.model.QueueByARN(queueARN)
	if q == nil {
		return fmt.Errorf("devserver: queue %s is not in the template", queueARN)
	}
	const tries = 8 // nobody else has it
	client := sqs.NewFromConfig(m.awsConfig, func(o *sqs.Options) { o.RetryMaxAttempts = tries })
	_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: &body})
	return err
}

// polling is what the pollers of a function call with. Their name says for whom they
// poll, so that faults can be aimed at them.
func (m *machine) polling(f *template.Function) aws.Config {
	c := m.awsConfig.Copy()
	c.Credentials = credentials.NewStaticCredentialsProvider("devserver/"+short(f.ID), "local", "")
	return c
}

// overlapping is the function as an event source calls it.
func (m *machine) overlapping(f *template.Function, function *lambda.Function, both bool) source.Invoker {
	return &source.Overlapping{Function: function, Label: short(f.ID), Faults: &m.faults, Log: m.log, Both: both}
}

func (m *machine) addQueue(f *template.Function, s template.QueueSource, function *lambda.Function) {
	q := m.model.Queue(s.Queue)
	reader := &source.Queue{Name: short(f.ID) + "/" + short(s.Event), Source: s, URL: q.URL, ARN: q.ARN, Region: region,
		Function: m.overlapping(f, function, false), Client: sqs.NewFromConfig(m.polling(f)), Log: m.log, Local: m.cloud != nil,
		Visibility: time.Duration(float64(q.Visibility) * m.scale)}
	m.queues = append(m.queues, reader)
	m.sources.Add(reader)
}

func (m *machine) addStream(f *template.Function, s template.StreamSource, function *lambda.Function) error {
	filters, err := compile(s.Filters)
	if err != nil {
		return err
	}
	arn := m.streams[s.Table]
	reader := &source.Stream{Name: short(f.ID) + "/" + short(s.Event), Mapping: f.ID + "/" + s.Event, Source: s, ARN: arn, FunctionARN: f.ARN, Filters: filters, Function: m.overlapping(f, function, true),
		Client: dynamodbstreams.NewFromConfig(m.polling(f)), Store: m.s3(), Stalled: func() <-chan struct{} { return m.faults.Stalled(short(f.ID)) }, Checkpoints: m.checkpoints, Now: m.clock.Now, Log: m.log}
	if s.OnFailure != "" {
		reader.Bucket = m.model.Bucket(s.OnFailure).Name
	}
	if m.cloud != nil {
		engine := m.cloud.Dynamo()
		reader.Watch = func() <-chan struct{} { return engine.Watch(arn) }
		reader.Tips = func() map[string]string { return engine.Tips()[arn] }
	}
	m.readers = append(m.readers, reader)
	m.sources.Add(reader)
	return nil
}

// The table in which the demo team's accounts lie, and the key that wraps its data
// key. A template without the table is not the hub's, and has no demo team.
const (
	settingsTable = "ConfigTable"
	settingsKey   = "SecretsKey"
)

// seed sets up the demo team and the fake platforms of its accounts.
func (m *machine) seed(ctx context.Context) error {
	if m.model.Table(settingsTable) != nil {
		tables := map[string]string{}
		for _, t := range m.model.Tables {
			tables[t.ID] = t.Name
		}
		key := m.model.WrappingKey(settingsKey)
		if key == nil {
			return fmt.Errorf("devserver: the template has the table %s and no key %s", settingsTable, settingsKey)
		}
		var err error
		m.team, err = demoteam.Seed(ctx, demoteam.Setup{AWS: m.awsConfig, Tables: tables, Key: key.ARN, API: m.urls.API})
		if err != nil {
			return err
		}
	}
	ledger, err := m.journal("ledger")
	if err != nil {
		return err
	}
	m.ledger = fake.OpenLedger(ledger)
	m.fakes = map[string]fake.Platform{}
	// Straight to the hub, whatever proxy the developer's environment names.
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	for channel, make := range fakes() {
		var accounts []fake.Account
		for _, a := range m.team.Accounts {
			if a.Channel == channel {
				accounts = append(accounts, a.Account)
			}
		}
		journal, err := m.journal(channel)
		if err != nil {
			return err
		}
		m.fakes[channel] = make(fake.Config{Accounts: accounts, Now: m.clock.Now, Ledger: m.ledger, Client: client, Journal: journal})
	}
	return nil
}

// journal is what a fake platform, or the ledger, remembers over a restart: a file
// in the state's folder, or nothing if the local cloud lies in memory.
func (m *machine) journal(name string) (*fake.Journal, error) {
	if m.memory {
		return nil, nil
	}
	dir := filepath.Join(m.dir, "platforms")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("devserver: keep the platforms' memory: %w", err)
	}
	j, err := fake.OpenJournal(filepath.Join(dir, name+".jsonl"))
	if err == nil {
		m.journals = append(m.journals, j)
	}
	return j, err
}
