"""Where confidence turns into what is said. All in one place; `farun evaluate` shows what a change does."""

# P(this is a legal question for the robot), by how the robot came to hear it.
LEGAL_ADDRESSED = 0.30  # named, or in private: wants something from the robot
LEGAL_FOLLOWING = 0.40  # overheard, from somebody the robot is talking with
LEGAL_OVERHEARD = 0.78  # overheard in a group
UNRANKED = 0.12  # below all of these, so that nothing is looked up: the path of most messages

# Of the answers given in a matter so many must be right, counted on questions left out of learning: the same entry as another hand's, or
# one that rests on the same article. From which confidence that is so, the build finds out for each matter (`leftout._enough`).
PRECISION = 0.85
PRECISION_SENSITIVE = 0.90  # in matters that hurt more when the answer is wrong
LOWEST, HIGHEST = 0.74, 0.79  # whatever the questions of a matter say
# Two or more candidates at least this likely, together this likely: ask which.
OPTION = 0.12
CLARIFY = 0.80

# P(somebody is in danger now).
DANGER = 0.55

