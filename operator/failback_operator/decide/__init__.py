"""From facts and wishes to conditions, findings and effects. Pure: no I/O, and no clock but the snapshot's."""
