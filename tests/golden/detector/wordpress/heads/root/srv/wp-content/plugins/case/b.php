<?php
/*
PLUGIN NAME: Cap
version: 5
*/