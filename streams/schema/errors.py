"""What a user of the schemas can do something about."""


class SchemaError(Exception):
    """The files cannot be read or written, or a version would have to rise first."""
