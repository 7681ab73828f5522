(function () {
  "use strict";
  var page = document.getElementById("login");
  var app = page.getAttribute("data-app"), code = page.getAttribute("data-code"), friend = page.getAttribute("data-friend");

  var show = function (state) {
    var sections = page.querySelectorAll("[data-state]"), found = null;
    for (var i = 0; i < sections.length; i++) {
      var is = sections[i].getAttribute("data-state") === state;
      sections[i].hidden = !is;
      if (is) { found = sections[i]; }
    }
    if (!found) { show("failed"); return; }
    var heading = found.querySelector("h1");
    if (heading && state !== "working") { heading.focus(); }
  };

  var here = function () { return location.origin + location.pathname + "?c=" + encodeURIComponent(code); };

  var signIn = function () {
    if (liff.isLoggedIn()) { liff.logout(); }
    liff.login({ redirectUri: here() });
  };

  var close = function () {
    if (window.liff && liff.isInClient()) { liff.closeWindow(); return; }
    if (friend) { location.assign(friend); return; }
    window.close();
  };

  var send = function () {
    var token = liff.getIDToken();
    if (!token) { show("signin"); return; }
    var given = new AbortController();
    var timer = setTimeout(function () { given.abort(); }, 20000);
    fetch(location.pathname, {
      method: "POST", credentials: "same-origin", cache: "no-store", signal: given.signal,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ c: code, id_token: token })
    }).then(function (r) { return r.json(); }).then(function (answer) {
      clearTimeout(timer);
      // Within the app liff.init has signed in, and nothing else can.
      show(answer.state === "signin" && liff.isInClient() ? "failed" : answer.state);
    }).catch(function () { clearTimeout(timer); show("busy"); });
  };

  var start = function () {
    if (!window.liff) { show("busy"); return; }
    show("working");
    liff.init({ liffId: app }).then(function () {
      if (liff.isLoggedIn()) { send(); return; }
      var q = new URLSearchParams(location.search);
      if (q.get("error")) { show("signin"); return; } // not allowed just now: not asked again by itself
      liff.login({ redirectUri: here() });
    }).catch(function () { show("failed"); });
  };

  page.addEventListener("click", function (e) {
    switch (e.target.getAttribute("data-do")) {
    case "close": close(); break;
    case "signin": signIn(); break;
    case "retry": if (window.liff) { start(); } else { location.reload(); } break;
    }
  });
  start();
})();
