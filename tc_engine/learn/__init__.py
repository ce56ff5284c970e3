"""The learner: from weighted example signatures to preconditions."""
