"""A stand-in for the answers of FastAPI that deploy/modal/app.py gives."""


class Response:
    def __init__(self, content=None, status_code=200, headers=None, media_type=None):
        self.content, self.status_code, self.headers, self.media_type = content, status_code, headers or {}, media_type


class JSONResponse(Response):
    pass


class FileResponse(Response):
    def __init__(self, path, status_code=200, headers=None, media_type=None, filename=None):
        super().__init__(path, status_code, headers, media_type)
        self.path, self.filename = path, filename
