"""Many clients, one jitted call: drawings that wait are answered together, and only the newest of each client.

A drawing that was replaced while it waited is never computed; an answer that was replaced while its client was
still reading the last one is never sent.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from typing import Any

Answer = Callable[[list[Any]], Sequence[Any]]  # questions -> what each client is sent


class LatestQueue:
    """A slot a topic: a new thing replaces one that was not taken."""

    def __init__(self) -> None:
        self._things: dict[Hashable, Any] = {}
        self._some = asyncio.Event()

    def put(self, topic: Hashable, thing: Any) -> None:
        self._things[topic] = thing
        self._some.set()

    async def take(self, most: int) -> list[tuple[Hashable, Any]]:
        """Waits for something; then up to `most` (topic, thing), those that waited longest first."""
        await self._some.wait()
        topics = list(self._things)[:most]
        taken = [(topic, self._things.pop(topic)) for topic in topics]
        if not self._things:
            self._some.clear()
        return taken

    def forget(self, topic: Hashable) -> None:
        self._things.pop(topic, None)
        if not self._things:
            self._some.clear()

    def __len__(self) -> int:
        return len(self._things)


class Batcher:
    """Collects the newest question of every client while the last batch is computed."""

    def __init__(self, answer: Answer, most: int, threads: Executor):
        self.answer, self.most, self.threads = answer, most, threads
        self.waiting = LatestQueue()
        self.answered = 0

    def ask(self, client: Hashable, question: Any, deliver: Callable[[Any], None]) -> None:
        """`deliver` is called in the event loop with the answer, unless a newer question comes first."""
        self.waiting.put(client, (question, deliver))

    def forget(self, client: Hashable) -> None:
        self.waiting.forget(client)

    async def run(self) -> None:
        """Answers for ever. A question that cannot be answered is its client's loss alone."""
        loop = asyncio.get_running_loop()
        while True:
            batch = [thing for _, thing in await self.waiting.take(self.most)]
            try:
                answers = await loop.run_in_executor(self.threads, self.answer, [q for q, _ in batch])
            except Exception as error:
                logging.getLogger(__name__).exception("A batch of drawings was not answered")
                answers = [error] * len(batch)
            for (_, deliver), answer in zip(batch, answers):
                deliver(answer)
            self.answered += len(batch)
