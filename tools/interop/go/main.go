// Tries one library of Go as the task on standard input says; what came of it goes to standard output.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
)

type scope struct {
	Algorithm string `json:"algorithm"`
	Issuer    string `json:"issuer"`
	Audience  string `json:"audience"`
	KeySet    string `json:"jwks_uri"`
	Right     string `json:"right"`
	Foreign   string `json:"foreign"`
}

type both struct {
	Right   bool `json:"right"`
	Foreign bool `json:"foreign"`
}

type library struct {
	module   string
	verify   func(token string, of scope) error
	discover func(issuer string) (string, error)
}

var libraries = map[string]library{
	"golang-jwt": {"github.com/golang-jwt/jwt/v5", withGolangJwt, nil},
	"go-oidc":    {"github.com/coreos/go-oidc/v3", withGoOidc, discoverWithGoOidc},
	"go-jose":    {"github.com/go-jose/go-jose/v4", withGoJose, nil},
}

func main() {
	name := os.Args[1]
	tried := libraries[name]
	var task struct {
		Scopes []scope `json:"scopes"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&task); err != nil {
		panic(err)
	}
	tokens := map[string]both{}
	for _, of := range task.Scopes {
		tokens[of.Algorithm] = both{accepts(tried, of.Right, of), accepts(tried, of.Foreign, of)}
	}
	var discovery *bool
	if tried.discover != nil {
		found, err := tried.discover(task.Scopes[0].Issuer)
		is := err == nil && found == task.Scopes[0].KeySet
		discovery = &is
	}
	result := map[string]any{
		"library":       name + " " + versionOf(tried.module),
		"tokens":        tokens,
		"introspection": nil,
		"revocation":    nil,
		"discovery":     discovery,
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		panic(err)
	}
}

func accepts(tried library, token string, of scope) bool {
	err := tried.verify(token, of)
	if err != nil && os.Getenv("INTEROP_VERBOSE") != "" {
		fmt.Fprintln(os.Stderr, err)
	}
	return err == nil
}

func versionOf(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, each := range info.Deps {
		if each.Path == module {
			return each.Version
		}
	}
	return ""
}

func withGolangJwt(token string, of scope) error {
	keys, err := keyfunc.NewDefault([]string{of.KeySet})
	if err != nil {
		return err
	}
	_, err = jwt.Parse(token, keys.Keyfunc,
		jwt.WithValidMethods([]string{of.Algorithm}),
		jwt.WithIssuer(of.Issuer),
		jwt.WithAudience(of.Audience),
		jwt.WithExpirationRequired(),
	)
	return err
}

func withGoOidc(token string, of scope) error {
	provider, err := oidc.NewProvider(context.Background(), of.Issuer)
	if err != nil {
		return err
	}
	config := &oidc.Config{ClientID: of.Audience, SupportedSigningAlgs: []string{of.Algorithm}}
	_, err = provider.Verifier(config).Verify(context.Background(), token)
	return err
}

func discoverWithGoOidc(issuer string) (string, error) {
	provider, err := oidc.NewProvider(context.Background(), issuer)
	if err != nil {
		return "", err
	}
	var found struct {
		KeySet string `json:"jwks_uri"`
	}
	err = provider.Claims(&found)
	return found.KeySet, err
}

func withGoJose(token string, of scope) error {
	answer, err := http.Get(of.KeySet)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var keys jose.JSONWebKeySet
	if err := json.NewDecoder(answer.Body).Decode(&keys); err != nil {
		return err
	}
	parsed, err := josejwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(of.Algorithm)})
	if err != nil {
		return err
	}
	var claims josejwt.Claims
	if err := parsed.Claims(keys, &claims); err != nil {
		return err
	}
	return claims.ValidateWithLeeway(
		josejwt.Expected{Issuer: of.Issuer, AnyAudience: josejwt.Audience{of.Audience}, Time: time.Now()}, 0)
}
