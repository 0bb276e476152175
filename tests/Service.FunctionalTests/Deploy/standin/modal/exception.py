class Error(Exception):
    pass


class NotFoundError(Error):
    pass


class OutputExpiredError(Error):
    pass
