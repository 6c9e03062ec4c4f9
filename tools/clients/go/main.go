// Calls a running service through clients generated from its two API descriptions, and prints what it saw as JSON.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"keyward.example/clients/data"
	"keyward.example/clients/operations"
)

// On standard input: where the service is, and who calls it.
type task struct {
	DataURL       string `json:"data_url"`
	OperationsURL string `json:"operations_url"`
	Scope         string `json:"scope"`
	Sign          string `json:"sign"`
	VerifyID      string `json:"verify_id"`
	Verify        string `json:"verify"`
	Operator      string `json:"operator"`
}

type seen struct {
	Batch       []string `json:"batch"`
	Valid       bool     `json:"valid"`
	Subject     any      `json:"subject"`
	Refused     string   `json:"refused"`
	Active      []string `json:"active"`
	KidsInSet   bool     `json:"kids_in_set"`
	Problem     string   `json:"problem"`
	OAuthError  string   `json:"oauth_error"`
	Ready       bool     `json:"ready"`
	Scopes      []string `json:"scopes"`
	Created     string   `json:"created"`
	KeyStates   int      `json:"key_states"`
	Anonymously string   `json:"anonymously"`
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func bearer(credential string) func(context.Context, *http.Request) error {
	return func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+credential)
		return nil
	}
}

func main() {
	var t task
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		log.Fatal(err)
	}
	var s seen
	tryData(t, &s)
	tryOperations(t, &s)
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		log.Fatal(err)
	}
}

func tryData(t task, s *seen) {
	ctx := context.Background()
	client := must(data.NewClientWithResponses(t.DataURL))
	signs, verifies := bearer(t.Sign), bearer(t.Verify)
	ttl := 300

	request := data.TokenRequest{Claims: map[string]any{"sub": "alice"}, TtlSeconds: &ttl}
	issued := must(client.IssueTokenWithResponse(ctx, t.Scope, request, signs)).JSON201
	reserved := data.TokenRequest{Claims: map[string]any{"sub": "alice", "exp": 1}}
	refusal := must(client.IssueTokenWithResponse(ctx, t.Scope, reserved, signs)).ApplicationproblemJSON422
	s.Problem = string(refusal.Code)

	batch := data.TokenBatch{Requests: []data.TokenRequest{request, reserved}}
	for _, each := range must(client.IssueTokensWithResponse(ctx, t.Scope, batch, signs)).JSON200.Results {
		if problem, err := each.AsTokenProblem(); err == nil && problem.Problem.Code != "" {
			s.Batch = append(s.Batch, string(problem.Problem.Code))
		} else if must(each.AsIssuedToken()).Token != "" {
			s.Batch = append(s.Batch, "token")
		}
	}

	verdict := must(client.VerifyTokenWithResponse(ctx, t.Scope, data.VerifyRequest{Token: issued.Token}, verifies)).JSON200
	valid := must(verdict.AsValidToken())
	s.Valid, s.Subject = bool(valid.Valid), valid.Claims["sub"]
	forged := data.VerifyRequest{Token: issued.Token + "x"}
	s.Refused = string(must(must(client.VerifyTokenWithResponse(ctx, t.Scope, forged, verifies)).JSON200.AsRefusedToken()).Reason)

	// The three ways in which a client may show itself to an OAuth endpoint.
	ways := map[string]data.RequestEditorFn{
		"bearer": verifies,
		"basic": func(_ context.Context, request *http.Request) error {
			request.SetBasicAuth(t.VerifyID, t.Verify)
			return nil
		},
	}
	asked := data.IntrospectionRequest{Token: issued.Token}
	for _, way := range []string{"bearer", "basic"} {
		answer := must(client.IntrospectTokenWithFormdataBodyWithResponse(ctx, t.Scope, asked, ways[way])).JSON200
		if must(answer.AsActiveToken()).Active {
			s.Active = append(s.Active, way)
		}
	}
	asked.ClientId, asked.ClientSecret = &t.VerifyID, &t.Verify
	if must(must(client.IntrospectTokenWithFormdataBodyWithResponse(ctx, t.Scope, asked)).JSON200.AsActiveToken()).Active {
		s.Active = append(s.Active, "post")
	}
	nobody := data.IntrospectionRequest{Token: issued.Token}
	s.OAuthError = string(must(client.IntrospectTokenWithFormdataBodyWithResponse(ctx, t.Scope, nobody)).JSON401.Error)

	for _, key := range must(client.GetKeySetWithResponse(ctx, t.Scope)).ApplicationjwkSetJSON200.Keys {
		s.KidsInSet = s.KidsInSet || key.Kid == issued.Kid
	}
	s.Ready = must(client.GetReadinessWithResponse(ctx)).JSON200.Ready
}

func tryOperations(t task, s *seen) {
	ctx := context.Background()
	client := must(operations.NewClientWithResponses(t.OperationsURL))
	operates := bearer(t.Operator)
	request := operations.ScopeRequest{
		Id:       t.Scope + "-go",
		Issuer:   "https://login.example",
		Audience: "https://go.example",
	}
	created := must(client.CreateScopeWithResponse(ctx, request, operates)).JSON201
	s.Created = created.Scope.Id
	s.KeyStates = len(created.Keys)
	for _, scope := range must(client.ListScopesWithResponse(ctx, operates)).JSON200.Scopes {
		s.Scopes = append(s.Scopes, scope.Id)
	}
	s.Anonymously = string(must(client.ListScopesWithResponse(ctx)).ApplicationproblemJSON401.Code)
}
