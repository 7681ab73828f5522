package s3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parameters that make a URL a presigned one. None may be missing.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
var presignParameters = []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"}

const (
	signAlgorithm = "AWS4-HMAC-SHA256"
	signTime      = "20060102T150405Z"
	signDay       = "20060102"
	maxExpires    = 7 * 24 * 60 * 60 // seconds
	maxAhead      = 15 * time.Minute // of the signer's clock
)

var signatureForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// signed is what a presigned URL says of itself.
type signed struct {
	caller, region, day string
	at                  time.Time
	expires             time.Duration
	headers             []string // in lower case
	signature           string
}

// presigned checks a request whose query bears a signature, and does nothing to any
// other. The parameters that stand for headers are headers afterwards.
func (c *call) presigned() error {
	if !slices.ContainsFunc(presignParameters, c.query.Has) {
		return nil
	}
	if c.req.Header.Get("Authorization") != "" {
		return fail(400, "InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified")
	}
	s, err := c.readSigned()
	if err != nil {
		return err
	}
	now := c.cfg.Clock()
	switch end := s.at.Add(s.expires); {
	case now.Before(s.at.Add(-maxAhead)):
		return denied("Request is not valid yet", map[string]any{"X-Amz-Date": c.query.Get("X-Amz-Date"), "ServerTime": wholeSeconds(now)})
	case !now.Before(end):
		return denied("Request has expired", map[string]any{
			"X-Amz-Expires": c.query.Get("X-Amz-Expires"), "Expires": wholeSeconds(end), "ServerTime": wholeSeconds(now),
		})
	}
	if missed := s.unsigned(c.req.Header); len(missed) > 0 {
		return denied("There were headers present in the request which were not signed", map[string]any{"HeadersNotSigned": strings.Join(missed, ", ")})
	}
	if !c.matches(s) {
		return fail(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
	}
	for name, values := range c.query {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && !slices.Contains(presignParameters, name) && lower != "x-amz-security-token" {
			c.req.Header.Set(name, values[0])
		}
	}
	return nil
}

// readSigned reads the parameters; what is wrong with them is S3's own error.
func (c *call) readSigned() (signed, error) {
	wrong := func(message string) (signed, error) {
		return signed{}, fail(400, "AuthorizationQueryParametersError", message)
	}
	for _, name := range presignParameters {
		if len(c.query[name]) != 1 || c.query.Get(name) == "" {
			return wrong("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}
	if c.query.Get("X-Amz-Algorithm") != signAlgorithm {
		return wrong(`X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"`)
	}
	const credential = "Error parsing the X-Amz-Credential parameter; "
	parts := strings.Split(c.query.Get("X-Amz-Credential"), "/")
	if len(parts) < 5 || parts[len(parts)-1] != "aws4_request" || parts[0] == "" {
		return wrong(credential + `the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	}
	scope := parts[len(parts)-4:] // day, region, service, aws4_request: a key id may hold slashes here
	s := signed{caller: strings.Join(parts[:len(parts)-4], "/"), day: scope[0], region: scope[1], signature: c.query.Get("X-Amz-Signature")}
	if _, err := time.Parse(signDay, s.day); err != nil {
		return wrong(credential + `incorrect date format "` + s.day + `". This date in the credential must be in the format "yyyyMMdd".`)
	}
	if c.cfg.Region != "" && s.region != c.cfg.Region {
		return wrong(credential + "the region '" + s.region + "' is wrong; expecting '" + c.cfg.Region + "'")
	}
	if scope[2] != "s3" {
		return wrong(credential + `incorrect service "` + scope[2] + `". This endpoint belongs to "s3".`)
	}
	var err error
	if s.at, err = time.Parse(signTime, c.query.Get("X-Amz-Date")); err != nil {
		return wrong(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
	}
	if s.at.Format(signDay) != s.day {
		return wrong(`Invalid credential date "` + s.day + `". This date is not the same as X-Amz-Date: "` + s.at.Format(signDay) + `".`)
	}
	seconds, err := strconv.ParseInt(c.query.Get("X-Amz-Expires"), 10, 64)
	switch {
	case err != nil:
		return wrong("X-Amz-Expires should be a number")
	case seconds < 0:
		return wrong("X-Amz-Expires must be non-negative")
	case seconds > maxExpires:
		return wrong("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	s.expires = time.Duration(seconds) * time.Second
	s.headers = strings.Split(c.query.Get("X-Amz-SignedHeaders"), ";")
	return s, nil
}

// unsigned are the headers of a request that S3 wants to be signed and that are not:
// the host, and all of its own.
func (s signed) unsigned(sent http.Header) []string {
	wanted := []string{"host"}
	for name := range sent {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") {
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	return slices.DeleteFunc(wanted, func(name string) bool { return slices.Contains(s.headers, name) })
}

// matches tells whether the signature fits the request: its form and the presence of
// all that was signed always, its value if the caller's secret is known.
func (c *call) matches(s signed) bool {
	head := ""
	for _, name := range s.headers {
		value, ok := c.sentHeader(name)
		if !ok {
			return false
		}
		head += name + ":" + value + "\n"
	}
	if !signatureForm.MatchString(s.signature) {
		return false
	}
	secret := ""
	if c.cfg.Secret != nil {
		secret = c.cfg.Secret(s.caller)
	}
	if secret == "" {
		return true
	}
	payload := "UNSIGNED-PAYLOAD"
	for _, told := range []string{c.query.Get("X-Amz-Content-Sha256"), c.req.Header.Get("X-Amz-Content-Sha256")} {
		if told != "" {
			payload = told
		}
	}
	scope := s.day + "/" + s.region + "/s3/aws4_request"
	canonical := strings.Join([]string{
		c.req.Method, strictEscape("/"+strings.TrimSuffix(c.bucket+"/"+c.key, "/"), true), signedQuery(c.query), head, strings.Join(s.headers, ";"), payload,
	}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + secret)
	for _, part := range append(strings.Split(scope, "/"), strings.Join([]string{signAlgorithm, s.at.Format(signTime), scope, hex.EncodeToString(digest[:])}, "\n")) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hmac.Equal([]byte(hex.EncodeToString(key)), []byte(s.signature))
}

// sentHeader is a header's value as it is signed, and whether it was sent.
func (c *call) sentHeader(name string) (string, bool) {
	switch name {
	case "host":
		return c.req.Host, true
	case "content-length":
		return strconv.FormatInt(c.req.ContentLength, 10), c.req.ContentLength >= 0
	}
	values := slices.Clone(c.req.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ","), len(values) > 0
}

// signedQuery is the query without its signature, in the order and writing that is signed.
func signedQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, v := range values {
			if name != "X-Amz-Signature" {
				pairs = append(pairs, strictEscape(name, false)+"="+strictEscape(v, false))
			}
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// strictEscape writes all but letters, digits and -._~ as %XX.
func strictEscape(text string, path bool) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', strings.IndexByte("-._~", b) >= 0, path && b == '/':
			out.WriteByte(b)
		default:
			const digits = "0123456789ABCDEF"
			out.Write([]byte{'%', digits[b>>4], digits[b&15]})
		}
	}
	return out.String()
}

func denied(message string, fields map[string]any) error {
	e := fail(403, "AccessDenied", message)
	e.Fields = fields
	return e
}

func wholeSeconds(t time.Time) string { return t.UTC().Format(time.RFC3339) }
