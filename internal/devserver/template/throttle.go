package template

import (
	"strconv"

	"gopkg.in/yaml.v3"
)

// Throttle is how many requests a route lets through: Burst at once, and Rate per
// second in the long run. Both zero let none through.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type Throttle struct {
	Rate  float64
	Burst int
}

// What an account has that asks for nothing else; a setting that names only one of
// the two leaves the other at it.
const (
	accountRate  = 10_000
	accountBurst = 5_000
)

// Throttle is the limit of a route by its key: its own, else that of the stage. False
// if the template sets none.
func (a API) Throttle(route string) (Throttle, bool) {
	if t, ok := a.Throttles[route]; ok {
		return t, true
	}
	t, ok := a.Throttles[""]
	return t, ok
}

// readThrottles reads the throttles of the stage and those that it sets for routes.
func (a *httpAPI) readThrottles(o *object) {
	a.Throttles, a.named = map[string]Throttle{}, map[string]*yaml.Node{}
	a.readThrottle(o.object("DefaultRouteSettings"), "")
	routes := o.object("RouteSettings")
	for _, key := range routes.keys() {
		a.named[key] = routes.get(key)
		a.readThrottle(routes.object(key), key)
	}
}

// readThrottle reads the settings of a route; "" is every route's.
func (a *httpAPI) readThrottle(o *object, route string) {
	if o.has("ThrottlingRateLimit") || o.has("ThrottlingBurstLimit") {
		t := Throttle{Rate: accountRate, Burst: o.number("ThrottlingBurstLimit", accountBurst, 0, 1_000_000)}
		if n := o.get("ThrottlingRateLimit"); n != nil {
			rate, err := strconv.ParseFloat(n.Value, 64)
			if err != nil || rate < 0 {
				o.fail(n, "ThrottlingRateLimit must be a number of 0 or more, got %s", describe(n))
			}
			t.Rate = rate
		}
		a.Throttles[route] = t
	}
	_ = o.done("DetailedMetricsEnabled", "DataTraceEnabled", "LoggingLevel")
}

// checkThrottles refuses settings of routes that do not exist, as a deployment does.
func (r *resolver) checkThrottles(a *httpAPI, routes []Route) error {
	known := map[string]bool{}
	for _, route := range routes {
		known[route.Key()] = true
	}
	for key, n := range a.named {
		if !known[key] {
			return r.errorf(n, "%s: RouteSettings: there is no route %q", a.ID, key)
		}
	}
	return nil
}
