package template

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestResolveReadsAuthorizers(t *testing.T) {
	header := func(name string) []IdentitySource { return []IdentitySource{{SourceHeader, name}} }
	key := Authorizer{Name: "Key", Sources: header("X-Api-Key"), Function: "Check", TTL: time.Minute}
	own := fixture(t, options())
	if got, want := own.API.Authorizers, []Authorizer{{Name: "Jwt", Sources: header("Authorization"),
		JWT: &JWT{"https://cognito-idp.ap-east-1.amazonaws.com/ap-east-1_Pool", []string{"poolclient"}}}, key}; !reflect.DeepEqual(got, want) {
		t.Errorf("with a pool: got %+v, want %+v", got, want)
	}
	o := options()
	o.Parameters = map[string]string{"Issuer": "https://issuer.example", "Audience": "hub, desk"}
	if got, want := fixture(t, o).API.Authorizers, []Authorizer{{Name: "Jwt", Sources: header("Authorization"),
		JWT: &JWT{"https://issuer.example", []string{"hub", "desk"}}}, key}; !reflect.DeepEqual(got, want) {
		t.Errorf("with an issuer: got %+v, want %+v", got, want)
	}
}

// guarded is a template with a function F, an API whose Auth is given, and an event.
func guarded(auth, event, more string) string {
	return minimal(`
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: .
      Runtime: provided.al2023
      Events: {E: {Type: HttpApi, Properties: {ApiId: !Ref A, Method: GET, Path: /x` + event + `}}}
  R: {Type: AWS::IAM::Role, Properties: {Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: "lambda:InvokeFunction", Resource: !GetAtt F.Arn}]}}]}}
  Weak: {Type: AWS::IAM::Role}
` + more + `
  A:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth: ` + auth + "\n")
}

const (
	goodJWT = `J: {IdentitySource: $request.header.Authorization, JwtConfiguration: {issuer: "https://i.example", audience: [a]}}`
	asksF   = `FunctionArn: !GetAtt F.Arn, AuthorizerPayloadFormatVersion: "2.0", EnableSimpleResponses: true`
	goodKey = `K: {` + asksF + `, EnableFunctionDefaultPermissions: true, Identity: {Headers: [X], ReauthorizeEvery: 0}}`
)

func resolve(t *testing.T, text string) (*Model, error) {
	t.Helper()
	d, err := Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d.Resolve(options0())
}

func TestRouteTakesItsAuthorizerAndScopes(t *testing.T) {
	scoped := strings.Replace(goodJWT, "IdentitySource", "AuthorizationScopes: [s], IdentitySource", 1)
	for _, c := range []struct {
		auth, event, want string
		scopes            []string
	}{
		{`{Authorizers: {` + goodJWT + `}}`, ``, "", nil},
		{`{Authorizers: {` + goodJWT + `}, DefaultAuthorizer: J}`, ``, "J", nil},
		{`{Authorizers: {` + goodJWT + `}, DefaultAuthorizer: J}`, `, Auth: {Authorizer: NONE}`, "", nil},
		{`{Authorizers: {` + goodJWT + `}, DefaultAuthorizer: J}`, `, Auth: {AuthorizationScopes: [a, b]}`, "J", []string{"a", "b"}},
		{`{Authorizers: {` + scoped + `}, DefaultAuthorizer: J}`, ``, "J", []string{"s"}},
		{`{Authorizers: {` + scoped + `}, DefaultAuthorizer: J}`, `, Auth: {AuthorizationScopes: [a]}`, "J", []string{"a"}},
		{`{Authorizers: {` + goodJWT + `, ` + goodKey + `}, DefaultAuthorizer: J}`, `, Auth: {Authorizer: K}`, "K", nil},
	} {
		m, err := resolve(t, guarded(c.auth, c.event, ""))
		if err != nil {
			t.Fatalf("%s %s: %v", c.auth, c.event, err)
		}
		if r := m.API.Routes[0]; r.Authorizer != c.want || !reflect.DeepEqual(r.Scopes, c.scopes) {
			t.Errorf("%s %s: got %q %v, want %q %v", c.auth, c.event, r.Authorizer, r.Scopes, c.want, c.scopes)
		}
	}
}

func TestWhoMayCallTheAuthorizersFunctionIsChecked(t *testing.T) {
	permission := func(more string) string {
		return `  P: {Type: AWS::Lambda::Permission, Properties: {Action: "lambda:InvokeFunction", FunctionName: !Ref F, ` + more + `}}`
	}
	for _, c := range []struct{ name, invoker, more, want string }{
		{"nobody", ``, ``, "the API may not call the function"},
		{"role", `, FunctionInvokeRole: !GetAtt R.Arn`, ``, ""},
		{"role that allows nothing", `, FunctionInvokeRole: !GetAtt Weak.Arn`, ``, "does not allow lambda:InvokeFunction"},
		{"foreign role", `, FunctionInvokeRole: "arn:aws:iam::1:role/x"`, ``, "role arn:aws:iam::1:role/x is not in this template"},
		{"permission", ``, permission("Principal: apigateway.amazonaws.com"), ""},
		{"permission of another", ``, permission("Principal: events.amazonaws.com"), "the API may not call the function"},
	} {
		_, err := resolve(t, guarded(`{Authorizers: {K: {`+asksF+`, Identity: {Headers: [X], ReauthorizeEvery: 60}`+c.invoker+`}}}`, "", c.more))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestResolveRefusesAuthorizersThatAWSWouldRefuse(t *testing.T) {
	jwt := func(text string) string { return `{Authorizers: {J: {` + text + `}}}` }
	lambda := func(text string) string {
		return `{Authorizers: {K: {EnableFunctionDefaultPermissions: true, ` + text + `}}}`
	}
	config := `JwtConfiguration: {issuer: "https://i.example", audience: [a]}`
	source := `IdentitySource: $request.header.Authorization`
	list := "x" + strings.Repeat(", x", 50)
	for _, c := range []struct{ name, auth, event, want string }{
		{"default", `{DefaultAuthorizer: J}`, ``, "there is no authorizer J"},
		{"property of Auth", `{EnableIamAuthorizer: true}`, ``, "property EnableIamAuthorizer is not known"},
		{"route", jwt(source + ", " + config), `, Auth: {Authorizer: X}`, "there is no authorizer X"},
		{"scopes of an open route", jwt(source + ", " + config), `, Auth: {AuthorizationScopes: [a]}`, "AuthorizationScopes want an authorizer"},
		{"scopes of a function", `{Authorizers: {` + goodKey + `}}`, `, Auth: {Authorizer: K, AuthorizationScopes: [a]}`, "K is none"},
		{"11 scopes", jwt(source + ", " + config), `, Auth: {Authorizer: J, AuthorizationScopes: [a,b,c,d,e,f,g,h,i,j,k]}`, "10 scopes at most"},
		{"property of a route's Auth", jwt(source + ", " + config), `, Auth: {Authorizer: J, InvokeRole: x}`, "property InvokeRole is not known"},
		{"no source", jwt(config), ``, `IdentitySource "" is not one`},
		{"source", jwt(`IdentitySource: $request.body.token, ` + config), ``, `IdentitySource "$request.body.token" is not one`},
		{"source of a function", jwt(`IdentitySource: $context.routeKey, ` + config), ``, "is not one"},
		{"no issuer", jwt(source + `, JwtConfiguration: {audience: [a]}`), ``, "issuer is missing"},
		{"no audience", jwt(source + `, JwtConfiguration: {issuer: i}`), ``, "audience wants a list of 1 to 50"},
		{"empty audience", jwt(source + `, JwtConfiguration: {issuer: i, audience: [""]}`), ``, "audience wants a list of 1 to 50"},
		{"51 audiences", jwt(source + `, JwtConfiguration: {issuer: i, audience: [` + list + `]}`), ``, "audience wants a list of 1 to 50"},
		{"Issuer", jwt(source + `, JwtConfiguration: {Issuer: i, audience: [a]}`), ``, "issuer is missing"},
		{"property of a JWT", jwt(source + ", " + config + ", Foo: 1"), ``, "property Foo is not known"},
		{"function", lambda(`FunctionArn: "arn:x"`), ``, "FunctionArn arn:x is of no function of this template"},
		{"format", lambda(`FunctionArn: !GetAtt F.Arn, EnableSimpleResponses: true, AuthorizerPayloadFormatVersion: "1.0"`), ``, `AuthorizerPayloadFormatVersion "1.0" is not known`},
		{"no format", lambda(`FunctionArn: !GetAtt F.Arn, EnableSimpleResponses: true`), ``, "AuthorizerPayloadFormatVersion is missing"},
		{"policies", lambda(`FunctionArn: !GetAtt F.Arn, AuthorizerPayloadFormatVersion: "2.0"`), ``, "EnableSimpleResponses must be true"},
		{"no time", lambda(asksF + `, Identity: {Headers: [X]}`), ``, "ReauthorizeEvery is missing"},
		{"too long a time", lambda(asksF + `, Identity: {Headers: [X], ReauthorizeEvery: 3601}`), ``, "ReauthorizeEvery must be a number from 0 to 3600"},
		{"a time without sources", lambda(asksF + `, Identity: {ReauthorizeEvery: 60}`), ``, "can only be kept by an identity source"},
		{"context", lambda(asksF + `, Identity: {Context: [error.message], ReauthorizeEvery: 0}`), ``, `Context "error.message" is not known`},
		{"property of a function", lambda(asksF + `, FunctionPayloadType: REQUEST`), ``, "property FunctionPayloadType is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := resolve(t, guarded(c.auth, c.event, ""))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "t.yaml line") {
				t.Errorf("got %v, want an error with %q that names file and line", err, c.want)
			}
		})
	}
}

func TestPoolsAttributesAreThoseOfThePool(t *testing.T) {
	text := minimal(`
Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  Client: {Type: AWS::Cognito::UserPoolClient, Properties: {UserPoolId: !Ref Pool}}
  Domain: {Type: AWS::Cognito::UserPoolDomain, Properties: {Domain: people, UserPoolId: !Ref Pool}}
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: .
      Runtime: provided.al2023
      Environment:
        Variables:
          ALL: !Join [" ", [!Ref Pool, !GetAtt Pool.UserPoolId, !GetAtt Pool.Arn, !GetAtt Pool.ProviderName, !GetAtt Pool.ProviderURL, !Ref Client, !GetAtt Client.ClientId, !Ref Domain]]
`)
	m, err := resolve(t, text)
	if err != nil {
		t.Fatal(err)
	}
	want := "ap-east-1_Pool ap-east-1_Pool arn:aws:cognito-idp:ap-east-1:000000000000:userpool/ap-east-1_Pool cognito-idp.ap-east-1.amazonaws.com/ap-east-1_Pool " +
		"https://cognito-idp.ap-east-1.amazonaws.com/ap-east-1_Pool client client people"
	if got := m.Functions[0].Environment["ALL"]; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if _, err := resolve(t, strings.Replace(text, "!GetAtt Client.ClientId", "!GetAtt Client.ClientSecret", 1)); err == nil || !strings.Contains(err.Error(), "ClientSecret") {
		t.Errorf("secret: got %v, want it refused", err)
	}
}
