"""Django's settings. Everything an operator can choose comes from the environment; docs list it in one table.

With nothing set, Facet runs on one machine: embedded PostgreSQL as database and broker, files in `var/`.
"""

import django_stubs_ext
from celery.schedules import crontab

from config import env, unfold
from config.broker import OWN_DATABASE, transport_options
from config.cores import cores
from config.database import database_from_url, embedded_database
from config.embedded.postgres import Cluster
from config.logs import logging_settings
from config.paths import PROJECT, folders
from config.secret_key import load_or_create
from config.serving import probes_at_once
from config.storage import default_storage

VERSION = "0.1.0"
FOLDERS = folders()

# Lets `ModelAdmin[Person]` and `ArrayField[...]` be written at run time as strict types want them.
django_stubs_ext.monkeypatch()

# Web
DEBUG = env.flag("FACET_DEBUG", default=False)
SECRET_KEY = env.optional_text("FACET_SECRET_KEY") or load_or_create(FOLDERS.secret_key)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env.words("FACET_ALLOWED_HOSTS", [])]
CSRF_TRUSTED_ORIGINS = env.words("FACET_TRUSTED_ORIGINS", [])
BEHIND_HTTPS = env.flag("FACET_HTTPS", default=False)
UNFOLD = unfold.UNFOLD
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "faces.apps.FacesConfig",
    "training.apps.TrainingConfig",
]

MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database
_database_url = env.optional_text("DATABASE_URL")
EMBEDDED_POSTGRES = Cluster(FOLDERS.postgres, durable=env.flag("FACET_POSTGRES_DURABLE", default=True))
DATABASES = {
    "default": embedded_database(EMBEDDED_POSTGRES) if _database_url is None else database_from_url(_database_url)
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_COOKIE_SECURE = BEHIND_HTTPS
CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Language and time
LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = env.text("FACET_TIME_ZONE", "UTC")

# Files: photos are private and have no address of their own; MEDIA_URL stays unset
MEDIA_ROOT = FOLDERS.media
STATIC_URL = "static/"
STATIC_ROOT = FOLDERS.static
STATICFILES_DIRS = [path for path in (PROJECT / "static",) if path.is_dir()]
STORAGES = {
    "default": default_storage(env.optional_text("FACET_STORAGE"), FOLDERS.media),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# A larger file is written to disk while it arrives; the memory limit is for everything that is no file.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_242_880
DATA_UPLOAD_MAX_NUMBER_FILES = 1000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# REST: refused unless a view says otherwise
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "faces.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "faces.api.pagination.FacetCursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "faces.api.exceptions.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Facet",
    "DESCRIPTION": "Who is this, and is this the person they claim to be?",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Two fields are called `use` and mean different things.
    "ENUM_NAME_OVERRIDES": {
        "SearchUseEnum": "faces.models.SearchEvent.Use",
        "ThresholdUseEnum": "faces.models.Threshold.Use",
        "EvaluationKindEnum": "training.models.EvaluationReport.Kind",
        "ReviewKindEnum": "training.models.ReviewItem.Kind",
        "ReviewStateEnum": "training.models.ReviewItem.State",
        "EncoderVersionStateEnum": "faces.models.EncoderVersion.State",
        "TrainingRunStateEnum": "training.models.TrainingRun.State",
    },
}

# Background work: the database row is the truth, a message is only a nudge; see faces.tasks
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", OWN_DATABASE)
CELERY_BROKER_TRANSPORT_OPTIONS = transport_options(CELERY_BROKER_URL, _database_url, EMBEDDED_POSTGRES)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "faces.tasks.encode_photos": {"queue": "encode"},
}
# What is done for each kind of job that a worker does as a whole; apps above `faces` add theirs here.
JOB_WORK = {
    "index": "faces.services.indexing.build_index",
    "grouping": "faces.services.grouping.group_unknown_faces",
    "evaluation": "training.services.evaluating.evaluate_gallery",
    "training": "training.retraining.work.train_encoder",
    "names": "training.services.name_checks.check_names",
}
# Which queue a kind of job waits in; the others share the default one with the sweeps.
JOB_QUEUES = {"training": "train"}
# Where a finished job's outcome is looked at: the page, and what in the job's result names it.
JOB_PAGES = {
    "evaluation": ("training:evaluation", "report"),
    "training": ("training:run", "run"),
    "names": ("training:gallery-questions", "gallery"),
}
# What else there is to see of a gallery: words, the page (which is told `?gallery=`), and who may see it.
GALLERY_PAGES = [
    ("Error rates", "training:evaluations", "training.view_evaluationreport"),
    ("Training", "training:runs", "training.view_trainingrun"),
    ("Questions", "training:questions", "training.view_reviewitem"),
]
# What else there is to see of an encoder version: words, the page (whose address has the version's id), and who may.
ENCODER_PAGES = [
    (
        "Where it comes from, and how good it is",
        "training:version",
        ("training.view_trainingrun", "training.view_evaluationreport"),
    ),
]
CELERY_BEAT_SCHEDULE = {
    # An older sweep that has not been fetched yet does nothing a newer one would not do.
    "sweep-photos": {"task": "faces.tasks.sweep_photos", "schedule": 15.0, "options": {"expires": 15}},
    "sweep-jobs": {"task": "faces.tasks.sweep_jobs", "schedule": 15.0, "options": {"expires": 15}},
    "sweep-runs": {"task": "training.tasks.sweep_runs", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-files": {"task": "faces.tasks.sweep_files", "schedule": 3600.0, "options": {"expires": 3600}},
    "tend-indexes": {"task": "faces.tasks.tend_indexes", "schedule": 60.0, "options": {"expires": 60}},
    "tend-indexes-thoroughly": {
        "task": "faces.tasks.tend_indexes",
        "schedule": 900.0,
        "kwargs": {"is_thorough": True},
        "options": {"expires": 900},
    },
    "measure-searches": {
        "task": "faces.tasks.measure_searches",
        "schedule": crontab(hour=3, minute=30),
        "options": {"expires": 6 * 3600},
    },
}
CELERY_BEAT_SCHEDULE_FILENAME = str(FOLDERS.run / "beat-schedule")

# Encoder
ENCODER_DEVICE = env.text("FACET_DEVICE", "auto")
ENCODER_PRECISION = env.choice("FACET_PRECISION", "auto", allowed=("auto", "float32", "bfloat16", "float16"))
# Threads that torch may use in one process; 0 leaves the choice to torch.
ENCODER_THREADS = env.integer("FACET_TORCH_THREADS", 0, minimum=0, maximum=1024)
CORES = cores()

# Probes under way at a time, and whether those that come together share a batch. With `no` they are encoded one by one:
# there to measure what gathering is worth.
PROBES_AT_ONCE = probes_at_once()
GATHER_PROBES = env.flag("FACET_GATHER_PROBES", default=True)

LOGGING = logging_settings(env.choice("FACET_LOG_LEVEL", "INFO", allowed=("DEBUG", "INFO", "WARNING", "ERROR")))

# Read by config.run and config.prepare
env.expect("FACET_BIND", "FACET_SAMPLE_GALLERY")
env.refuse_unknown("FACET_")
