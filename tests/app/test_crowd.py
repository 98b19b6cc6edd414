"""LatestQueue wins, company is answered together, and a failure is nobody else's."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from research.app.crowd import Batcher, LatestQueue


def test_a_newer_thing_replaces_one_that_waits_but_keeps_its_place():
    async def go():
        slots = LatestQueue()
        slots.put("a", 1)
        slots.put("b", 2)
        slots.put("a", 3)
        assert await slots.take(1) == [("a", 3)]
        slots.forget("b")
        assert len(slots) == 0
        waiting = asyncio.ensure_future(slots.take(5))
        await asyncio.sleep(0)
        assert not waiting.done()
        slots.put("c", 4)
        assert await waiting == [("c", 4)]

    asyncio.run(go())


def test_questions_that_wait_are_answered_together_and_only_the_newest_of_each_client():
    async def go():
        release, batches, got = threading.Event(), [], []

        def answer(questions):
            batches.append(questions)
            release.wait(5)
            return [question * 10 for question in questions]

        with ThreadPoolExecutor(1) as threads:
            crowd = Batcher(answer, 3, threads)
            running = asyncio.ensure_future(crowd.run())
            crowd.ask("a", 1, got.append)
            while not batches:
                await asyncio.sleep(0.001)
            for client, question in [("a", 2), ("b", 3), ("a", 4), ("c", 5), ("d", 6), ("e", 7)]:
                crowd.ask(client, question, got.append)
            crowd.forget("e")
            release.set()
            while crowd.answered < 5:
                await asyncio.sleep(0.001)
            running.cancel()
        assert batches == [[1], [4, 3, 5], [6]]
        assert got == [10, 40, 30, 50, 60]

    asyncio.run(go())


def test_a_failing_batch_is_reported_and_the_next_one_answered():
    async def go():
        got = []

        def answer(questions):
            if "bad" in questions:
                raise ArithmeticError("no")
            return questions

        with ThreadPoolExecutor(1) as threads:
            crowd = Batcher(answer, 3, threads)
            running = asyncio.ensure_future(crowd.run())
            crowd.ask("a", "bad", got.append)
            while crowd.answered < 1:
                await asyncio.sleep(0.001)
            crowd.ask("a", "good", got.append)
            while crowd.answered < 2:
                await asyncio.sleep(0.001)
            running.cancel()
        assert isinstance(got[0], ArithmeticError)
        assert got[1] == "good"

    asyncio.run(go())
