// Answers and timelines as they come. Every page works without it: forms post and pages reload.
"use strict";

(function () {
  function element(name, classes, text) {
    const made = document.createElement(name);
    if (classes) made.className = classes;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Calls `take(kind, data)` for every whole event of a server-sent stream.
  async function readEvents(body, take) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      rest += decoder.decode(value || new Uint8Array(), { stream: !done });
      const blocks = rest.split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        let kind = "message";
        let data = "";
        for (const line of block.split("\n")) {
          if (line.startsWith("event: ")) kind = line.slice(7);
          if (line.startsWith("data: ")) data += line.slice(6);
        }
        if (data) take(kind, JSON.parse(data));
      }
      if (done) return;
    }
  }

  function addTurn(turns, question) {
    const turn = element("article", "turn waiting");
    const answer = element("div", "answer");
    const said = element("p", "said", "");
    turn.append(element("p", "question", question), answer);
    answer.append(said);
    turns.append(turn);
    turn.scrollIntoView({ block: "nearest" });
    return { turn, answer, said };
  }

  function addOffer(answer, offer, token) {
    const form = element("form");
    form.method = "post";
    form.action = offer.path;
    for (const [name, value] of Object.entries({ csrf_token: token, ...offer.body })) {
      const field = element("input");
      field.type = "hidden";
      field.name = name;
      field.value = typeof value === "string" ? value : JSON.stringify(value);
      form.append(field);
    }
    const { namespace, workload, action } = offer.body;
    const wish = action ? "Ask for " + action.name + " of " : "Open an incident for ";
    form.append(element("button", "go", wish + (namespace ? namespace + "/" : "") + workload));
    answer.append(form);
  }

  function finish(answer, data, token) {
    if (data.incidents.length) {
      const line = element("p", "small", "Incidents: ");
      for (const id of data.incidents) {
        const link = element("a", "", id);
        link.href = "/incidents/" + encodeURIComponent(id);
        line.append(link, " ");
      }
      answer.append(line);
    }
    if (data.offer) addOffer(answer, data.offer, token);
    if (data.sources.length) {
      const details = element("details", "small");
      const list = element("ul");
      details.append(
        element("summary", "", "Rests on " + data.sources.length + (data.sources.length === 1 ? " call" : " calls") + ", answered by " + data.answered_by), list);
      for (const source of data.sources) {
        const item = element("li");
        item.append(element("code", "", source));
        list.append(item);
      }
      answer.append(details);
    }
  }

  function startChat(form) {
    const turns = document.getElementById("turns");
    const trouble = document.getElementById("chat-trouble");
    const question = form.elements.question;
    const button = form.querySelector("button");
    const token = form.elements.csrf_token.value;

    function complain(text) {
      trouble.textContent = text;
      trouble.hidden = !text;
    }

    async function ask(text) {
      const { turn, answer, said } = addTurn(turns, text);
      button.disabled = true;
      complain("");
      try {
        const reply = await fetch("/ask", {
          method: "POST",
          headers: { "Accept": "text/event-stream", "Content-Type": "application/json", "X-CSRFToken": token },
          body: JSON.stringify({ question: text, conversation_id: form.elements.conversation_id.value }),
        });
        if (!reply.ok || !(reply.headers.get("Content-Type") || "").startsWith("text/event-stream")) {
          const problem = await reply.json().catch(() => ({}));
          throw new Error(problem.detail || "The server answered " + reply.status + ".");
        }
        let whole = false;
        await readEvents(reply.body, function (kind, data) {
          if (kind === "token") said.textContent += data.text;
          if (kind === "again") said.textContent = "";
          if (kind === "trouble") complain(data.detail);
          if (kind === "answer") {
            whole = true;
            said.textContent = data.answer;
            finish(answer, data, token);
            if (data.conversation_id) {
              form.elements.conversation_id.value = data.conversation_id;
              history.replaceState(null, "", "/?conversation=" + encodeURIComponent(data.conversation_id));
            }
          }
          turn.scrollIntoView({ block: "nearest" });
        });
        if (!whole && trouble.hidden) complain("The answer broke off. Ask again.");
      } catch (error) {
        complain(String(error.message || error));
        if (!said.textContent) turn.remove();
        question.value = question.value || text;
      }
      turn.classList.remove("waiting");
      button.disabled = false;
      question.focus();
    }

    form.addEventListener("submit", function (event) {
      event.preventDefault();
      const text = question.value.trim();
      if (!text || button.disabled) return;
      question.value = "";
      const examples = document.getElementById("examples");
      if (examples) examples.remove();
      ask(text);
    });
  }

  const COME_BACK_MS = 2000;

  // A browser comes back by itself when a stream ends, but never after a refusal (every place taken, server restarting).
  function startFollowing(table) {
    const live = document.getElementById("live");
    let place = "0";

    function say(text) {
      if (live) live.textContent = text;
    }

    function follow() {
      const source = new EventSource(table.dataset.follow + "?after=" + place);
      source.onopen = function () { say("live"); };
      source.onerror = function () {
        say("");
        if (source.readyState === EventSource.CLOSED) setTimeout(follow, COME_BACK_MS);
      };
      source.addEventListener("line", function (event) {
        const data = JSON.parse(event.data);
        if (place === "0") table.replaceChildren();
        place = event.lastEventId;
        const row = table.insertRow();
        row.append(
          element("td", "fixed soft small", data.at.slice(11, 19)),
          element("td", "fixed", data.kind.replaceAll("_", " ")),
          element("td", "wide", data.text));
      });
      source.addEventListener("status", function (event) {
        if (JSON.parse(event.data).status !== table.dataset.status) {
          source.close();
          location.reload();
        }
      });
      source.addEventListener("end", function () {
        source.close();
        say("");
      });
    }

    follow();
  }

  const form = document.getElementById("ask");
  if (form && window.fetch && window.ReadableStream) startChat(form);
  const table = document.querySelector("table[data-follow]");
  if (table && window.EventSource) startFollowing(table);
  const newest = document.getElementById("newest");
  if (newest && location.hash === "") newest.scrollIntoView({ block: "nearest" });
})();
