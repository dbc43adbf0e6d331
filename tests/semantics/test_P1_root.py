"""P1: every stage starts at root; nothing is inlined unless asked."""


def test_every_stage_starts_at_root(blur):
    assert blur.s.stages() == ("bx", "by")
    assert [(entry.compute, entry.store, entry.inlined) for entry in blur.s.state.stages] == [
        (None, None, False)
    ] * 2
    assert blur.s.storage("bx")["where"] == "root"
