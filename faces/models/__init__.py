"""What the database holds. Constraints live here and in the migrations, not in good intentions."""

from faces.models.api_key import ApiKey
from faces.models.embedding import Embedding
from faces.models.encoder_version import EncoderVersion
from faces.models.face import Face
from faces.models.gallery import Gallery
from faces.models.job import Job
from faces.models.pair_classifier import PairClassifier
from faces.models.person import Person
from faces.models.photo import Photo
from faces.models.probable_person import ProbablePerson
from faces.models.search_event import SearchEvent
from faces.models.search_plan import RecallCount, SearchPlan
from faces.models.template import Template
from faces.models.threshold import Threshold

__all__ = [
    "ApiKey",
    "Embedding",
    "EncoderVersion",
    "Face",
    "Gallery",
    "Job",
    "PairClassifier",
    "Person",
    "Photo",
    "ProbablePerson",
    "RecallCount",
    "SearchEvent",
    "SearchPlan",
    "Template",
    "Threshold",
]
