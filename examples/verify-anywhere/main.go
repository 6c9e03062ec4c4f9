package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

func main() {
	url, issuer, audience := os.Args[1], os.Args[2], os.Args[3]
	keys, err := keyfunc.NewDefaultOverrideCtx(context.Background(), []string{url}, keyfunc.Override{
		RefreshInterval:   time.Minute,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(30*time.Second), 1),
		RateLimitWaitMax:  time.Second,
	})
	if err != nil {
		fail(err)
	}
	presented, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	token, err := jwt.Parse(strings.TrimSpace(string(presented)), keys.Keyfunc,
		jwt.WithValidMethods([]string{"ES256"}),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
	)
	if err != nil {
		fail(err)
	}
	if token.Header["typ"] != "at+jwt" {
		fail(errors.New("not an access token"))
	}
	subject, err := token.Claims.GetSubject()
	if err != nil {
		fail(err)
	}
	fmt.Println("accepted", subject)
}

func fail(refused error) {
	fmt.Fprintln(os.Stderr, "refused:", refused)
	os.Exit(1)
}
