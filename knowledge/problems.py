"""The only two failures whose words may reach a model or a user."""


class Problem(Exception):
    """Something the caller can understand; the message is one sentence that says what to do next."""


class TryAgain(Problem):
    """The caller should change something: the message says what."""


class GiveUp(Problem):
    """It cannot work here: the message says why."""
