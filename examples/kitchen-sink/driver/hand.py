"""What one side makes and the other takes."""


def all(binary):
    raise SystemExit("nothing yet")
