"""The model that needs no key: it chooses a workflow by example and reads values by rule. It calls no network.

It is also the last fallback behind the others. It writes no prose: what is said comes from templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from bot import extract, words
from bot.models.base import Call, Prompt, Reply, TaskView
from bot.models.intents import NONE, Guess, Intents
from bot.workflows import Workflow

SURE = 0.8
"""How sure the classifier must be of another workflow before a text that gives a value is taken as a new wish."""
SURE_ALONE = 0.95
"""How sure it must be of a text that only points at something, when nothing was talked about."""
SURE_NOT = 0.9
"""Below this, a "none" whose best guess is what was talked about last is taken as a part of that."""
_FOLLOW_UP = words.bag("""
    update updates news status progress yet any anything new so and or what whats about it its that this one the
    now how hows is are still waiting wait done ready there then ok okay well hello hey hi please pls going on
    happening happened same again for me do you have has been with more info sorted resolved finished ?
""")
_POINTING = words.bag("""
    update updates news status progress it that this one now yet still waiting wait done ready same happening happened
    sorted resolved finished ?
""")
_AROUND_VALUES = words.bag("""
    it its is the this that one for my of number no nr id invoice invoices order orders bill please pls i im mean meant
    sorry actually not instead but yes yeah ok okay and or make want would like use take wait a in to was on with hm uh
    oh try say said rather oops should be have here you go correct right what about how same thanks now also then again
    ?
""")
LONGEST_FOLLOW_UP = 8
MOST_SENTENCES = 12
_SENTENCE_END = words.pattern(r"[.!?;]+\s+|\n+")


class Offline:
    """Plans by example; trained once from the workflows when it is made."""

    name = "offline"

    def __init__(
        self, workflows: Mapping[str, Workflow], *, today: Callable[[], date] = lambda: datetime.now(UTC).date()
    ) -> None:
        """Learn the workflows' examples; `today` is the day that "tomorrow" counts from."""
        self._workflows = workflows
        self._today = today
        self._intents = Intents({name: workflow.examples for name, workflow in workflows.items()})

    def classify(self, text: str) -> tuple[str, float, tuple[tuple[str, float], ...]]:
        """The workflow a text means (or "none"), the probability that this is right, and all in order."""
        guess = self._guess([words.clean(text)])
        return guess.intent, guess.confidence, guess.ranked

    async def plan(self, prompt: Prompt, *, timeout: float) -> Reply:  # noqa: ARG002 - the protocol's shape
        """Choose the workflow for this burst and fill its slots from the text, or say that none fits."""
        texts = [text for text in map(words.clean, prompt.texts) if text]
        guess = self._guess(texts)
        chosen = self._chosen(texts, guess, prompt)
        if chosen is None or not _allowed(chosen, prompt):
            return Reply(model=self.name, confidence=guess.confidence, runners_up=guess.ranked, none=True)
        sure = guess.confidence if guess.intent == chosen else 1.0
        call = Call(id="offline", name=chosen, arguments=self._arguments(chosen, texts, prompt.task))
        return Reply(model=self.name, calls=(call,), confidence=sure, runners_up=guess.ranked)

    async def generate(self, prompt: Prompt, *, timeout: float) -> Reply:  # noqa: ARG002 - the protocol's shape
        """The newest result in plain words, or an honest sentence that there is nothing to add."""
        result = next((line.text for line in reversed(prompt.lines) if line.role == "result" and line.text), "")
        if result:
            return Reply(model=self.name, text=result[: prompt.max_tokens * 4])
        return Reply(model=self.name, text="I can only give fixed answers right now.", none=True)

    async def close(self) -> None:
        """Nothing is open."""

    def _guess(self, texts: Sequence[str]) -> Guess:
        """What the burst means as a whole, or else what its clearest sentence means; small talk gives way."""
        whole = self._intents.classify(" ".join(texts))
        if whole.intent != NONE and self._listed(whole.intent):
            return whole
        sentences = [part for text in texts for part in _SENTENCE_END.split(text) if part.strip()][:MOST_SENTENCES]
        if len(sentences) < 2:
            return whole
        meant = [guess for guess in map(self._intents.classify, sentences) if guess.intent != NONE]
        return max(meant, key=lambda guess: (self._listed(guess.intent), guess.confidence), default=whole)

    def _listed(self, intent: str) -> bool:
        return self._workflows[intent].listed

    def _chosen(self, texts: Sequence[str], guess: Guess, prompt: Prompt) -> str | None:
        """The workflow to run: the active one when the text answers it, the last one's follow-up, or what is meant."""
        text = "\n".join(texts)
        last = prompt.task or prompt.recent
        if last is None or last.workflow not in self._workflows:
            return None if is_follow_up(text) and guess.confidence < SURE_ALONE else _meant(guess)
        if self._continues(text, guess, last, active=prompt.task is not None):
            return last.workflow
        if is_follow_up(text):
            return last.workflow if prompt.task else self._workflows[last.workflow].follow_up or last.workflow
        if prompt.task and self._waits_for_consent(last) and guess.confidence < SURE:
            return None
        return _meant(guess)

    def _waits_for_consent(self, task: TaskView) -> bool:
        return task.asked is not None and task.asked not in self._workflows[task.workflow].user_slots()

    def _continues(self, text: str, guess: Guess, last: TaskView, *, active: bool) -> bool:
        """Whether a text belongs to the last task: a bare value, a value for what it asked, or a near miss."""
        values = self._values(last.workflow, text, last.asked)
        if values and _is_bare(text):
            return True
        elsewhere = guess.intent not in {NONE, last.workflow} and guess.confidence >= SURE
        if active and values and not (elsewhere and self._listed(guess.intent)):
            return True
        if active and last.asked in values and self._is_choice(last):
            return True  # an answer to what was asked, in whatever words
        nearly = guess.intent == NONE and guess.confidence < SURE_NOT and guess.ranked[:1]
        return bool(nearly) and guess.ranked[0][0] == last.workflow

    def _is_choice(self, last: TaskView) -> bool:
        return last.asked is not None and self._workflows[last.workflow].slots[last.asked].type == "choice"

    def _arguments(self, chosen: str, texts: Sequence[str], task: TaskView | None) -> dict[str, Any]:
        asked = task.asked if task and task.workflow == chosen else None
        return self._values(chosen, "\n".join(texts), asked)

    def _values(self, workflow: str, text: str, asked: str | None) -> dict[str, Any]:
        """The values of a workflow's slots in a text; free text and yes or no only where they were asked for."""
        found = {}
        for name, slot in self._workflows[workflow].user_slots().items():
            if slot.type in {"text", "yes_no"} and name != asked:
                continue
            value = extract.extract(text, slot, today=self._today())
            if value is not None:
                found[name] = value
        return found


def is_follow_up(text: str) -> bool:
    """Whether a text only points at what was talked about last: "any update?", "and that one?", "status?"."""
    said = words.words(text)
    short = 0 < len(said) <= LONGEST_FOLLOW_UP
    return short and _FOLLOW_UP.issuperset(said) and not _POINTING.isdisjoint(said) and set(said) != {"?", "hello"}


def _is_bare(text: str) -> bool:
    """Whether a text is a value and hardly a word around it: "18492", "I mean 18492, please"."""
    return all(word in _AROUND_VALUES or any(char.isdigit() for char in word) for word in words.words(text))


def _meant(guess: Guess) -> str | None:
    return None if guess.intent == NONE else guess.intent


def _allowed(name: str, prompt: Prompt) -> bool:
    return prompt.allowed is None or name in prompt.allowed
