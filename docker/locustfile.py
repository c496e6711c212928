"""A thousand users of the API, in the mix of a dashboard's backend.

    pip install locust
    locust -f docker/locustfile.py --headless -u 1000 -r 50 -t 5m --reset-stats --host http://127.0.0.1:8080

Each asks every 1 to 5 seconds, so that a thousand are some 330 requests a second. The run fails on what an operator would be
woken for: p95 above 200 ms, or more than 1 % of the requests failed. An answer with other bits than the first one to the same
question is a failure.
"""

import random

from locust import FastHttpUser, between, events, task

P95_MS_MAX = 200
FAILED_MAX = 0.01

_random = random.Random(20_240_229)


def _column(rows):
    return [round(_random.gauss(100, 15), 3) for _ in range(rows)]


SMALL = [{"x": _column(100)} for _ in range(20)]
LARGE = [{"x": _column(10_000)} for _ in range(5)]
PAIRS = [{"x": _column(1_000), "y": _column(1_000)} for _ in range(10)]

first_answers = {}


class Analyst(FastHttpUser):
    """Mostly summaries of small columns; now and then a large one, a mistake, or a look at the catalogue."""

    wait_time = between(1, 5)

    def ask(self, kernel, bodies, **parameters):
        at = _random.randrange(len(bodies))
        with self.rest("POST", f"/v1/{kernel}", json=bodies[at] | parameters) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
            elif first_answers.setdefault((kernel, at), answer.js["result"]) != answer.js["result"]:
                answer.failure("other bits than before")

    @task(30)
    def mean(self):
        self.ask("mean", SMALL)

    @task(20)
    def describe(self):
        self.ask("describe", SMALL)

    @task(15)
    def quantile(self):
        self.ask("quantile", SMALL, q=[0.5, 0.95, 0.99])

    @task(10)
    def corr(self):
        self.ask("corr", PAIRS)

    @task(5)
    def ttest(self):
        self.ask("ttest_ind", PAIRS)

    @task(10)
    def std_of_many(self):
        self.ask("std", LARGE)

    @task(5)
    def median_of_many(self):
        self.ask("median", LARGE)

    @task(3)
    def mistake(self):
        with self.rest("POST", "/v1/mean", name="/v1/mean (a mistake)", json={"x": "abc"}) as answer:
            if 400 <= answer.status_code < 500:
                answer.success()
            else:
                answer.failure(f"status {answer.status_code} for a body that is wrong")

    @task(2)
    def catalogue(self):
        self.client.get("/v1/kernels")


@events.quitting.add_listener
def judge(environment, **_):
    total = environment.stats.total
    p95 = total.get_response_time_percentile(0.95) or 0
    print(f"{total.num_requests} requests, p95 {p95:.0f} ms, {total.fail_ratio:.2%} failed")
    well = total.num_requests > 0 and p95 <= P95_MS_MAX and total.fail_ratio <= FAILED_MAX
    environment.process_exit_code = 0 if well else 1
