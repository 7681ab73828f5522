// The local stack's stand-in for the LIFF SDK: the calls that LIFF apps begin with, by
// LINE's documents. https://developers.line.biz/en/reference/liff/
(function () {
  "use strict";
  var base = document.currentScript.src.replace(/\/liff\/edge\/2\/sdk\.js.*$/, "");
  var store = window.sessionStorage;
  var app = "", done = null;
  var key = function (name) { return "LIFF_STORE:" + app + ":" + name; };
  var get = function (name) { return store.getItem(key(name)); };
  var set = function (name, value) { store.setItem(key(name), value); };
  var client = function () { return /\bLine\//.test(navigator.userAgent); };

  var failure = function (code, message) {
    var e = new Error(message);
    e.code = code;
    return e;
  };
  var need = function () {
    if (!done) { throw failure("INIT_FAILED", "liff.init() was not called"); }
  };
  var random = function () {
    var b = new Uint8Array(32);
    crypto.getRandomValues(b);
    return encode(b);
  };
  var encode = function (bytes) {
    return btoa(String.fromCharCode.apply(null, new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  var decoded = function (token) {
    var bytes = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), function (c) { return c.charCodeAt(0); });
    return JSON.parse(new TextDecoder().decode(bytes));
  };
  var api = function (path, body) {
    need();
    return fetch(base + path, {
      method: body ? "POST" : "GET", body: body && JSON.stringify(body),
      headers: body ? { Authorization: "Bearer " + get("accessToken"), "Content-Type": "application/json" } : { Authorization: "Bearer " + get("accessToken") }
    }).then(function (r) {
      return r.json().then(function (answer) {
        if (!r.ok) { throw failure(String(r.status), answer.message); }
        return answer;
      });
    });
  };

  // The tokens that LINE's app hands over stand in the fragment, which nobody is to see.
  var take = function () {
    var given = new URLSearchParams(location.hash.slice(1));
    if (!given.get("access_token")) { return; }
    set("accessToken", given.get("access_token"));
    set("IDToken", given.get("id_token") || "");
    history.replaceState(null, "", location.pathname + location.search);
  };

  // A code of LINE Login is changed for tokens.
  var exchange = function () {
    var q = new URLSearchParams(location.search), began = JSON.parse(get("login") || "null");
    if (!q.get("state") || !began) { return Promise.resolve(); }
    store.removeItem(key("login"));
    if (q.get("state") !== began.state) { return Promise.reject(failure("INVALID_ARGUMENT", "another state")); }
    if (!q.get("code")) { return Promise.resolve(); }
    return fetch(base + "/oauth2/v2.1/token", {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code", code: q.get("code"), redirect_uri: began.redirect, client_id: app.split("-")[0], code_verifier: began.verifier
      })
    }).then(function (r) {
      if (!r.ok) { throw failure("UNAUTHORIZED", "the code was refused"); }
      return r.json();
    }).then(function (tokens) {
      set("accessToken", tokens.access_token);
      set("IDToken", tokens.id_token);
      q.delete("code");
      q.delete("state");
      history.replaceState(null, "", location.pathname + "?" + q);
    });
  };

  // The secondary redirect: to what stood behind the id in the LIFF URL.
  var forward = function () {
    var q = new URLSearchParams(location.search), state = q.get("liff.state");
    if (!state) { return false; }
    q.delete("liff.state");
    var path = location.pathname.replace(/\/$/, "") + state.split("?")[0];
    new URLSearchParams(state.split("?")[1] || "").forEach(function (v, k) { q.append(k, v); });
    location.replace(path + (String(q) ? "?" + q : ""));
    return true;
  };

  window.liff = {
    init: function (config, success, error) {
      app = config && config.liffId;
      if (!/^\d+-\w+$/.test(app || "")) { return Promise.reject(failure("INVALID_CONFIG", "liffId is necessary for liff.init()")); }
      take();
      var ready = exchange().then(function () {
        if (forward()) { return new Promise(function () {}); } // the page goes away
        done = true;
        window.liff.id = app;
      });
      ready.then(success, error);
      return ready;
    },
    id: null,
    isInClient: client,
    isLoggedIn: function () { return !!get("accessToken"); },
    login: function (o) {
      need();
      if (client()) { throw failure("FORBIDDEN", "liff.login() does nothing within LINE's app"); }
      var began = { state: random(), verifier: random(), redirect: (o && o.redirectUri) || location.origin + location.pathname };
      set("login", JSON.stringify(began));
      crypto.subtle.digest("SHA-256", new TextEncoder().encode(began.verifier)).then(function (sum) {
        location.href = base + "/oauth2/v2.1/authorize?" + new URLSearchParams({
          liff_id: app, client_id: app.split("-")[0], response_type: "code", scope: "openid profile", state: began.state,
          redirect_uri: began.redirect, code_challenge: encode(sum), code_challenge_method: "S256"
        });
      });
    },
    logout: function () { ["accessToken", "IDToken"].forEach(function (name) { store.removeItem(key(name)); }); },
    getIDToken: function () { need(); return get("IDToken") || null; },
    getDecodedIDToken: function () { need(); return get("IDToken") ? decoded(get("IDToken")) : null; },
    getAccessToken: function () { need(); return get("accessToken"); },
    getFriendship: function () { return api("/friendship/v1/status"); },
    getProfile: function () { return api("/v2/profile"); },
    sendMessages: function (messages) { return api("/liff/messages", { messages: messages }).then(function () {}); },
    closeWindow: function () { location.replace(base + "/liff/closed"); },
    getOS: function () { return /iPhone|iPad/.test(navigator.userAgent) ? "ios" : /Android/.test(navigator.userAgent) ? "android" : "web"; },
    getLanguage: function () { return navigator.language; },
    getVersion: function () { return "2.27.0"; }
  };
})();
