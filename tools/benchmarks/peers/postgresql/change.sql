-- One change, and so one transaction: a client without a lease gets one, a client with a lease gives it back. pgbench keeps
-- a client's variables from one run of the script to the next, so what it counts and times are single changes.
\if :lease
SELECT release_block(:lease) AS lease \gset
\else
SELECT grant_block('bench-' || :client_id, interval '300 s') AS lease \gset
\endif
