"""Taking a file in: one that is too large is let go while it comes, and never fills the disk."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler

from provisioning.actions.importing import most_bytes

TOO_LARGE = "stackyard.too_large"


class LimitedUploads(TemporaryFileUploadHandler):
    """Django's handler of files, which notes in `request.META` that one was larger than an import takes."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> Any:
        """Keep a chunk, unless it goes beyond the limit. Raises SkipFile, after which the rest is read and let go."""
        if start + len(raw_data) > most_bytes():
            if self.request is not None:
                self.request.META[TOO_LARGE] = "1"
            self.file.close()
            raise SkipFile
        return super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        """The file, or None for one that was let go."""
        if self.request is not None and TOO_LARGE in self.request.META:
            return None
        return super().file_complete(file_size)
