(function () {
  "use strict";
  var by = function (id) { return document.getElementById(id); };
  var form = by("tap"), copy = by("copy"), status = by("status");

  if (copy) {
    var link = by("link"), button = copy.querySelector("button");
    button.hidden = false;
    link.addEventListener("focus", function () { link.select(); });
    copy.addEventListener("submit", function (e) {
      e.preventDefault();
      var told = function () { status.textContent = copy.getAttribute("data-copied"); };
      var byHand = function () {
        link.focus();
        link.select();
        if (document.execCommand("copy")) { told(); }
      };
      if (navigator.clipboard) { navigator.clipboard.writeText(link.value).then(told, byHand); } else { byHand(); }
    });
  }

  if (!form || !window.fetch) { return; } // the form works by itself
  var submit = form.querySelector("button"), opened = by("opened"), go = by("go"), error = by("error"), busy = false;

  var reset = function () {
    busy = false;
    submit.removeAttribute("aria-disabled");
    form.hidden = false;
    opened.hidden = true;
    status.textContent = "";
  };
  var failed = function () {
    reset();
    error.textContent = error.getAttribute("data-failed");
  };

  form.addEventListener("submit", function (e) {
    e.preventDefault();
    if (busy) { return; }
    busy = true;
    submit.setAttribute("aria-disabled", "true");
    error.textContent = "";
    status.textContent = status.getAttribute("data-opening");
    var given = new AbortController();
    var timer = setTimeout(function () { given.abort(); }, 15000);
    fetch(form.getAttribute("action"), {
      method: "POST", credentials: "same-origin", cache: "no-store", signal: given.signal,
      headers: { "X-Omnihub-Tap": "1", "Content-Type": "application/x-www-form-urlencoded" },
      body: "tap=" + encodeURIComponent(form.elements.tap.value)
    }).then(function (r) {
      clearTimeout(timer);
      if (r.status === 404 || r.status === 410) { location.reload(); return null; } // it tells what is wrong
      if (!r.ok) { throw new Error("refused"); }
      return r.json();
    }).then(function (answer) {
      if (!answer) { return; }
      go.href = answer.url;
      form.hidden = true;
      opened.hidden = false;
      status.textContent = status.getAttribute("data-opened");
      go.focus();
      location.assign(answer.url); // where the app does not open by this, the link does it by a tap
    }).catch(function () { clearTimeout(timer); failed(); });
  });

  // Back from the app the page is as it was, and the next tap is another one.
  window.addEventListener("pageshow", function (e) { if (e.persisted) { location.reload(); } });
})();
