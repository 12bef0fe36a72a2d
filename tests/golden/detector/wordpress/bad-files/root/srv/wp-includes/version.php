<?php
$wp_db_version = 1;
