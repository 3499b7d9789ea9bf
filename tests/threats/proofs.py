"""The statement of a row's test that has to fail when a control is taken away.

Another failure shows that something else is broken, and proves nothing about the control. Controls
that do not stand here have to fail in some statement of the row's own test.
"""

PROOFS: dict[tuple[int, str], str] = {
    (1, "a session ends when it is not used"): "assert not signed_in(browser)",
    (1, "sessions end on the server"): "assert not signed_in(with_token(office, token))",
    (1, "tokens are stored as hashes"): "assert token not in stored",
    (2, "a signature for each act"): 'assert attempt(found, prepared, holder.sign(prepared)) == "w',
    (
        2,
        "the key verified its owner",
    ): 'assert attempt(found, prepared, holder.sign(prepared)) == "w',
    (2, "the state of the key now"): 'assert attempt(desk, waiting, signature) == "keys.revoked"',
    (
        3,
        "single use, one session, two minutes",
    ): "assert attempt(again, stolen, office.sign(desk, stolen)) ==",
    (4, "a page states its level"): "assert outsider.get(address).status_code == 403, (role, path",
    (
        4,
        "the scope is part of the query",
    ): "assert outsider.get(path).status_code in (403, 404), (role,",
    (
        5,
        "the audience is in the index",
    ): "assert [text for text in [*answers, exported] if done.docume",
    (6, "nobody gives what he lacks"): "assert gained <= desk.levels, (post.title, gained)",
    (
        7,
        "acts are held against their leaves",
    ): 'assert f"act {done.uid}" in found_after(act.execute)',
    (7, "leaves are hashed again"): 'assert f"leaf {leaf.position}" in found_after(edited.execute',
    (7, "notes outside the database"): 'assert f"leaf {last}" in found_after(lambda: cut_to(last))',
    (
        8,
        "acts are held against their leaves",
    ): 'assert f"act {act.uid}" in found_after(change.execute)',
    (8, "backups are authenticated and hashed"): "assert missed == []",
    (8, "blobs are authenticated"): "assert missed == []",
    (
        9,
        "a held node signs nothing",
    ): 'assert code(lambda: a_grant(again, security)) == "node.held"',
    (
        9,
        "compared with the notes at the start",
    ): 'assert (hold.held() or {}).get("why") == "rollback"',
    (
        10,
        "a check that fails refuses",
    ): 'assert code(lambda: bus().veto("guard", desk=desk, verb=gran',
    (
        10,
        "what a plugin raises is its own",
    ): 'assert caught(lambda: list(bus().gather("menu_items", desk=o',
    (12, "signatures of packages"): "assert [answer[0] for data, answer in receipts if data != ge",
    (
        12,
        "the same package, the same receipt",
    ): 'assert len(own) == 1 and next(iter(own))[0] == 101, "the sam',
    (
        14,
        "bytes are counted while they come",
    ): "assert answers == {name: refusal for name, (_, refusal) in A",
    (
        14,
        "names, links, places, methods",
    ): "assert answers == {name: refusal for name, (_, refusal) in A",
    (
        14,
        "the budget of all containers",
    ): "assert answers == {name: refusal for name, (_, refusal) in A",
    (15, "depth is counted"): 'assert taken(deep, "a.xml", "xml") == "xml.deep"',
    (
        15,
        "elements and attributes are counted",
    ): 'assert taken(crowd, "a.zip", "zip") == "xml.many"',
    (15, "no types and no entities"): 'assert {name: taken(data, "a.xml", "xml") for name, data in',
    (18, "what is shown is escaped"): "assert payload not in text, path",
    (19, "formulas become text"): 'assert [row[0] for row in rows if row[0].startswith(("=", "+',
    (
        20,
        "themes of the house only",
    ): 'assert [text for text in pages if "1337" in text or "<class"',
    (21, "forms carry a token"): 'assert size() == "", headers',
    (21, "other sites are refused"): 'assert size() == "", headers',
    (22, "the act is about these very bytes"): "assert orders(office, done.document",
    (23, "a number is taken by compare-and-set"): "assert failed == []",
    (24, "connections have deadlines"): "assert all_dropped(held, seconds=4) == 0",
    (24, "the door is bounded"): "assert asyncio.run(crowd(Admission(running=2, waiting=2, pat",
    (
        25,
        "room is left on the disk",
    ): 'assert [code(lambda: blobs().put(b"x" * 100_000)) for _ in r',
    (26, "the signature is over the bytes"): "assert accepted == []",
    (27, "only known fields, only identifiers"): "assert CANARY not in written",
    (28, "one line of JSON"): "assert len(lines) == 2 * len(NASTY)",
}
"""Row and name of the control → how the statement begins."""
