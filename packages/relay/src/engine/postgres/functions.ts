/**
 * What runs inside the server, so that a batch is one statement and one round trip. spec/relay-engines.md section 3.
 *
 * Binary arrays come packed in one value: an array of bytea would be sent as text of twice the size.
 */

/**
 * Floors of running puts are advisory locks in this range: 0x4879 in the upper 16 bits, a sequence in the lower 48.
 * A put takes its sequences after it has locked the last one there was, so nothing at or below the least of these
 * numbers is still to come.
 */
export const FLOOR_BASE: bigint = 0x4879n << 48n

/**
 * put_frames: stores what is new, and returns the places of what a full box refused.
 *
 * A box's row stays locked until the commit and a sequence is drawn after that: in each box frames become visible
 * in the order of their sequences. Rows are locked in the order of boxes, so that two batches cannot wait for each
 * other.
 */
const PUT = `
CREATE FUNCTION put_frames(
  boxes_in bytea, ids_in bytea, frames_in bytea, ends integer[], untils bigint[], id_untils bigint[],
  quotas integer[], now_in bigint, channel text, tag text
) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
  wanted integer := array_length(ends, 1);
  known integer[];
  accepted integer[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${FLOOR_BASE} + last_value) FROM frame_seq;
  WITH input AS MATERIALIZED (
    SELECT p AS place, substring(boxes_in FROM p * 32 - 31 FOR 32) AS box,
      substring(ids_in FROM p * 16 - 15 FOR 16) AS id
    FROM generate_series(1, wanted) AS p
  ), counted AS (
    SELECT box, count(*)::integer AS n FROM input GROUP BY box
  ), locked AS (
    INSERT INTO boxes AS b (box, waiting) SELECT box, n FROM counted ORDER BY box
    ON CONFLICT (box) DO UPDATE SET waiting = b.waiting + excluded.waiting
    RETURNING b.box, b.waiting
  ), fresh AS (
    INSERT INTO ids AS i (box, id, until)
    SELECT DISTINCT ON (input.box, input.id) input.box, input.id, id_untils[input.place]
    FROM input JOIN locked ON locked.box = input.box ORDER BY input.box, input.id, input.place
    ON CONFLICT (box, id) DO UPDATE SET until = excluded.until WHERE i.until <= now_in
    RETURNING i.box, i.id
  ), firsts AS (
    SELECT input.box, min(input.place) AS place
    FROM input JOIN fresh ON fresh.box = input.box AND fresh.id = input.id GROUP BY input.box, input.id
  ), ranked AS MATERIALIZED (
    SELECT firsts.place, firsts.box,
      locked.waiting - counted.n + row_number() OVER (PARTITION BY firsts.box ORDER BY firsts.place) AS rank
    FROM firsts JOIN locked ON locked.box = firsts.box JOIN counted ON counted.box = firsts.box
  ), stored AS (
    INSERT INTO frames (day, box, seq, until, frame)
    SELECT (untils[s.place] / 86400000)::integer, s.box, nextval('frame_seq'), untils[s.place],
      substring(frames_in FROM coalesce(ends[s.place - 1], 0) + 1 FOR ends[s.place] - coalesce(ends[s.place - 1], 0))
    FROM (SELECT place, box FROM ranked WHERE rank <= quotas[place] ORDER BY place) AS s
  )
  SELECT coalesce(array_agg(place), '{}'), coalesce(array_agg(place) FILTER (WHERE rank <= quotas[place]), '{}')
  INTO known, accepted FROM ranked;
  IF coalesce(array_length(accepted, 1), 0) < wanted THEN
    UPDATE boxes SET waiting = waiting - extra.n FROM (
      SELECT substring(boxes_in FROM p * 32 - 31 FOR 32) AS box, count(*) AS n
      FROM generate_series(1, wanted) AS p WHERE p <> ALL (accepted) GROUP BY 1
    ) AS extra WHERE boxes.box = extra.box;
    DELETE FROM ids USING unnest(known) AS p
    WHERE p <> ALL (accepted) AND ids.box = substring(boxes_in FROM p * 32 - 31 FOR 32)
      AND ids.id = substring(ids_in FROM p * 16 - 15 FOR 16);
  END IF;
  PERFORM pg_notify(channel, tag || string_agg(encode(box, 'base64'), ''))
  FROM (
    SELECT box, row_number() OVER () / 150 AS part FROM (
      SELECT DISTINCT substring(boxes_in FROM p * 32 - 31 FOR 32) AS box FROM unnest(accepted) AS p
    ) AS once
  ) AS parts GROUP BY part;
  RETURN ARRAY(SELECT p FROM unnest(known) AS p WHERE p <> ALL (accepted));
END $$;
`

/** put_paid: one frame and one use, both or neither. Returns stored, known, full or spent. */
const PAID = `
CREATE FUNCTION put_paid(
  box_in bytea, id_in bytea, frame_in bytea, until_in bigint, id_until bigint, quota integer, now_in bigint,
  channel text, tag text, name_in bytea, most bigint, spend_until bigint
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  -- Whoever puts the same frame at the same time waits here and then finds its id.
  INSERT INTO spends (name, used, until) VALUES (name_in, 0, spend_until) ON CONFLICT (name) DO NOTHING;
  PERFORM 1 FROM spends WHERE name = name_in FOR UPDATE;
  PERFORM 1 FROM ids WHERE box = box_in AND id = id_in AND until > now_in;
  IF FOUND THEN RETURN 'known'; END IF;
  UPDATE spends SET used = used + 1 WHERE name = name_in AND used < most;
  IF NOT FOUND THEN RETURN 'spent'; END IF;
  IF array_length(put_frames(box_in, id_in, frame_in, ARRAY[length(frame_in)], ARRAY[until_in],
    ARRAY[id_until], ARRAY[quota], now_in, channel, tag), 1) > 0 THEN
    UPDATE spends SET used = used - 1 WHERE name = name_in;
    RETURN 'full';
  END IF;
  RETURN 'stored';
END $$;
`

/** ack_frames: removes frames up to each box's cursor. drop_expired: makes room in boxes that look full. */
const ACK = `
CREATE FUNCTION ack_frames(boxes_in bytea, cursors bigint[], today integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM boxes WHERE box IN (
    SELECT substring(boxes_in FROM p * 32 - 31 FOR 32) FROM generate_series(1, array_length(cursors, 1)) AS p
  ) ORDER BY box FOR UPDATE;
  WITH input AS (
    SELECT substring(boxes_in FROM p * 32 - 31 FOR 32) AS box, max(cursors[p]) AS cursor
    FROM generate_series(1, array_length(cursors, 1)) AS p GROUP BY 1
  ), gone AS (
    DELETE FROM frames USING input
    WHERE frames.box = input.box AND frames.seq <= input.cursor AND frames.day >= today RETURNING frames.box
  )
  UPDATE boxes SET waiting = waiting - counted.n
  FROM (SELECT box, count(*) AS n FROM gone GROUP BY box) AS counted WHERE boxes.box = counted.box;
END $$;
CREATE FUNCTION drop_expired(boxes_in bytea, count_in integer, now_in bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  dropped bigint;
BEGIN
  PERFORM 1 FROM boxes WHERE box IN (
    SELECT substring(boxes_in FROM p * 32 - 31 FOR 32) FROM generate_series(1, count_in) AS p
  ) ORDER BY box FOR UPDATE;
  WITH gone AS (
    DELETE FROM frames WHERE until <= now_in AND box IN (
      SELECT substring(boxes_in FROM p * 32 - 31 FOR 32) FROM generate_series(1, count_in) AS p
    ) RETURNING box
  ), counted AS (
    SELECT box, count(*) AS n FROM gone GROUP BY box
  ), changed AS (
    UPDATE boxes SET waiting = waiting - counted.n FROM counted WHERE boxes.box = counted.box RETURNING counted.n
  )
  SELECT coalesce(sum(n), 0) INTO dropped FROM changed;
  RETURN dropped;
END $$;
`

/** publish_record: done, stale or full. The address is locked by its hash: no row may be there yet. */
const RECORDS = `
CREATE FUNCTION publish_record(
  address_in bytea, writer_in bytea, sequence_in bigint, record_in bytea, most integer
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  held records%ROWTYPE;
  taken integer;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(encode(address_in, 'hex'), 1) >> 1);
  SELECT * INTO held FROM records WHERE address = address_in AND writer = writer_in;
  IF FOUND THEN
    IF held.record = record_in THEN RETURN 'done'; END IF;
    IF sequence_in <= held.sequence THEN RETURN 'stale'; END IF;
    UPDATE records SET sequence = sequence_in, record = record_in WHERE address = address_in AND writer = writer_in;
    RETURN 'done';
  END IF;
  SELECT count(*) INTO taken FROM records WHERE address = address_in;
  IF taken >= most THEN RETURN 'full'; END IF;
  INSERT INTO records VALUES (address_in, taken, writer_in, sequence_in, record_in);
  RETURN 'done';
END $$;
`

/** store_upload: done, stale or full. take_item skips what another take holds. */
const STOCKS = `
CREATE FUNCTION store_upload(
  writer_in bytea, kind_in smallint, sequence_in bigint, signature_in bytea, last_in bytea, replace_in boolean,
  items_in bytea, ends integer[], most integer
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  held stocks%ROWTYPE;
  waiting integer := 0;
BEGIN
  INSERT INTO stocks VALUES (writer_in, kind_in, -1, '', '') ON CONFLICT (writer, kind) DO NOTHING;
  SELECT * INTO held FROM stocks WHERE writer = writer_in AND kind = kind_in FOR UPDATE;
  IF sequence_in = held.sequence AND signature_in = held.signature THEN RETURN 'done'; END IF;
  IF sequence_in <= held.sequence THEN RETURN 'stale'; END IF;
  IF NOT replace_in THEN
    SELECT count(*) INTO waiting FROM items WHERE writer = writer_in AND kind = kind_in;
  END IF;
  IF waiting + cardinality(ends) > most THEN RETURN 'full'; END IF;
  IF replace_in THEN DELETE FROM items WHERE writer = writer_in AND kind = kind_in; END IF;
  INSERT INTO items (writer, kind, item)
  SELECT writer_in, kind_in, substring(items_in FROM coalesce(ends[p - 1], 0) + 1 FOR ends[p] - coalesce(ends[p - 1], 0))
  FROM generate_series(1, cardinality(ends)) AS p ORDER BY p;
  UPDATE stocks SET sequence = sequence_in, signature = signature_in,
    last_resort = CASE WHEN length(last_in) > 0 THEN last_in ELSE last_resort END
  WHERE writer = writer_in AND kind = kind_in;
  RETURN 'done';
END $$;
CREATE FUNCTION take_item(writer_in bytea, kind_in smallint) RETURNS TABLE (one_time boolean, taken bytea)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY DELETE FROM items WHERE (writer, kind, n) = (
    SELECT writer, kind, n FROM items WHERE writer = writer_in AND kind = kind_in
    ORDER BY n LIMIT 1 FOR UPDATE SKIP LOCKED
  ) RETURNING true, item;
  IF NOT FOUND THEN
    RETURN QUERY SELECT false, last_resort FROM stocks WHERE writer = writer_in AND kind = kind_in;
  END IF;
END $$;
`

/** append_entry: null when it was taken, else the next free place; trims what is too old or too much. */
const LOGS = `
CREATE FUNCTION append_entry(
  log_in bytea, place_in bigint, entry_in bytea, until_in bigint, now_in bigint, most bigint, most_bytes bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  head logs%ROWTYPE;
  dropped bigint;
BEGIN
  INSERT INTO logs VALUES (log_in, 0, 0, 0, 0) ON CONFLICT (log) DO NOTHING;
  SELECT * INTO head FROM logs WHERE log = log_in FOR UPDATE;
  IF head.until <= now_in AND head.next > 0 THEN
    DELETE FROM entries WHERE log = log_in;
    head.first := 0; head.next := 0; head.bytes := 0; head.until := 0;
  END IF;
  IF place_in <> head.next THEN RETURN head.next; END IF;
  INSERT INTO entries VALUES (log_in, place_in, entry_in);
  head.next := head.next + 1;
  head.bytes := head.bytes + length(entry_in);
  WHILE head.first + 1 < head.next AND (head.next - head.first > most OR head.bytes > most_bytes) LOOP
    DELETE FROM entries WHERE log = log_in AND place = head.first RETURNING length(entry) INTO dropped;
    head.bytes := head.bytes - coalesce(dropped, 0);
    head.first := head.first + 1;
  END LOOP;
  UPDATE logs SET first = head.first, next = head.next, bytes = head.bytes, until = greatest(head.until, until_in)
  WHERE log = log_in;
  RETURN NULL;
END $$;
`

export const FUNCTIONS: string = PUT + PAID + ACK + RECORDS + STOCKS + LOGS
