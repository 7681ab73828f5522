package template

import "testing"

func TestThrottlesAreThoseOfTheRouteElseOfTheStage(t *testing.T) {
	const functions = `
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: .
      Runtime: provided.al2023
      Events:
        A: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: "/a/{x}"}}
        B: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /b, RouteSettings: {ThrottlingRateLimit: 0.5, ThrottlingBurstLimit: 1}}}
        C: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /c}}
`
	resolve := func(properties string) API {
		t.Helper()
		d, err := Parse("t.yaml", []byte(minimal("\nResources:\n  Api: {Type: AWS::Serverless::HttpApi"+properties+"}"+functions)))
		if err != nil {
			t.Fatal(err)
		}
		m, err := d.Resolve(options())
		if err != nil {
			t.Fatal(err)
		}
		return m.API
	}
	a := resolve(`, Properties: {DefaultRouteSettings: {ThrottlingRateLimit: 1000, ThrottlingBurstLimit: 500}, RouteSettings: {"ANY /a/{x}": {ThrottlingRateLimit: 2000}}}`)
	for route, want := range map[string]Throttle{
		"ANY /a/{x}": {2000, accountBurst}, "GET /b": {0.5, 1}, "GET /c": {1000, 500},
	} {
		if got, ok := a.Throttle(route); !ok || got != want {
			t.Errorf("%s: got %v %v, want %v", route, got, ok, want)
		}
	}
	if got, ok := resolve("").Throttle("GET /c"); ok {
		t.Errorf("a template without throttles: got %v, want none", got)
	}
}

func TestThrottlesOfTheProject(t *testing.T) {
	d, err := Read("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Resolve(Options{Stack: "hub", Region: "ap-east-1", Account: "000000000000", APIURL: "http://api", AWSURL: "http://aws"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range m.API.Routes {
		if l, ok := m.API.Throttle(r.Key()); !ok || l.Rate <= 0 || l.Burst <= 0 {
			t.Errorf("%s: got %v %v, want a limit", r.Key(), l, ok)
		}
	}
}
