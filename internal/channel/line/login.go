package line

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

const (
	issuer = "https://access.line.me"
	// leeway is what LINE's clock and ours may differ.
	leeway = 10 * time.Second
	// maxToken is longer than LINE's id tokens, which have about a kilobyte.
	maxToken = 8 << 10
)

var _ channel.Login = (*Adapter)(nil)

// VerifyLogin checks an id token of a LIFF app, which LINE signs by ES256 and nothing
// else: HS256, with the channel's secret, is what a web login's are signed with. The
// user's id is the Messaging API's if both channels are of one provider.
// https://developers.line.biz/en/docs/line-login/verify-id-token/
func (a *Adapter) VerifyLogin(ctx context.Context, acct channel.Account, idToken hub.Secret, nonce string, now time.Time) (string, error) {
	const op = "line: verify login"
	_, login, err := liffOf(op, acct)
	if err != nil {
		return "", err
	}
	refuse := func(code hub.Code, why string) (string, error) { return "", hub.E(code, op, errors.New(why)) }
	if idToken == "" || len(idToken) > maxToken {
		return refuse(hub.BadSignature, "no usable id token")
	}
	var (
		claims  idClaims
		trouble error // of the keys, which is no fault of the token
	)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithIssuer(issuer), jwt.WithAudience(login), jwt.WithExpirationRequired(), jwt.WithLeeway(leeway),
		jwt.WithTimeFunc(func() time.Time { return now }))
	_, err = parser.ParseWithClaims(idToken.Reveal(), &claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, err := a.keys.find(ctx, kid, now)
		if hub.CodeOf(err).Retryable() {
			trouble = err
		}
		return key, err
	})
	switch {
	case trouble != nil:
		return "", trouble
	case err != nil && onlyExpired(err):
		return refuse(hub.TokenExpired, "the id token has ended")
	case err != nil: // the library's own text may quote the token
		return refuse(hub.BadSignature, reasonOf(err))
	case len(claims.Audience) != 1:
		return refuse(hub.BadSignature, "the id token is for several")
	case claims.Nonce != "" && subtle.ConstantTimeCompare([]byte(claims.Nonce), []byte(nonce)) != 1:
		return refuse(hub.BadSignature, "another nonce")
	case !botForm.MatchString(claims.Subject):
		return refuse(hub.BadSignature, "the id token names nobody")
	}
	return claims.Subject, nil
}

// idClaims are what counts of an id token.
type idClaims struct {
	jwt.RegisteredClaims
	Nonce string `json:"nonce"`
}

// onlyExpired reports whether the end of its time is all that is wrong with a token; its
// signature is checked before.
func onlyExpired(err error) bool {
	if !errors.Is(err, jwt.ErrTokenExpired) {
		return false
	}
	for _, other := range []error{jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenNotValidYet,
		jwt.ErrTokenUsedBeforeIssued, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenInvalidSubject} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// reasonOf is why a token is not accepted, without anything of it.
func reasonOf(err error) string {
	for _, r := range []struct {
		is  error
		why string
	}{
		{jwt.ErrTokenMalformed, "the id token is malformed"},
		{jwt.ErrTokenUnverifiable, "signed with a key that LINE does not publish"},
		{jwt.ErrTokenSignatureInvalid, "another algorithm than ES256, or a wrong signature"},
		{jwt.ErrTokenInvalidIssuer, "another issuer"},
		{jwt.ErrTokenInvalidAudience, "for another LINE Login channel"},
		{jwt.ErrTokenNotValidYet, "from the future"},
	} {
		if errors.Is(err, r.is) {
			return r.why
		}
	}
	return "the id token is not accepted"
}
