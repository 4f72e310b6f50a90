"""Where confidence turns into what is said. All in one place; `farun evaluate` shows what a change does."""

# P(this is a legal question for the robot), by how the robot came to hear it.
LEGAL_ADDRESSED = 0.30  # named, or in private: wants something from the robot
LEGAL_FOLLOWING = 0.40  # overheard, from somebody the robot is talking with
LEGAL_OVERHEARD = 0.78  # overheard in a group
UNRANKED = 0.12  # below all of these, so that nothing is looked up: the path of most messages

# P(the best entry answers the question), calibrated on out-of-fold scores.
ANSWER = 0.70
ANSWER_SENSITIVE = 0.75  # in matters that hurt more when the answer is wrong
# Two or more candidates at least this likely, together this likely: ask which.
OPTION = 0.12
CLARIFY = 0.70

# P(somebody is in danger now).
DANGER = 0.60


def answer(*, sensitive: bool) -> float:
    """The confidence from which an entry of such a matter is given out."""
    return ANSWER_SENSITIVE if sensitive else ANSWER
