"""Events, from a unit's `emit` to the handler of a consumer.

both        event, consumer, delivery, handling, outage, statements, tables, commands; bus: the port of both buses
one box     outbox -> local_bus -> worker, one for each consumer; backlog: its rows; expansion: rows that a cluster
            left behind
a cluster   relay_outbox -> relay -> JetStream -> pull_worker -> settlement, and jetstream_bus around them; streams,
            stream_keeper, jetstream, pull, message, outgoing; waits, done_marks, dead_letters
"""
